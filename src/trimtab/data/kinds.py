"""Whether a column still holds what it held in train: what steps check that learnt something of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from trimtab.core.columns import DATES, NUMBERS, OTHERS, TEXTS, TRUTHS
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data import tally

_USUAL = {NUMBERS: pl.Float64(), TEXTS: pl.String(), TRUTHS: pl.Boolean()}
"""The type of a column whose own type says nothing."""


def of_type(kind: pl.DataType) -> str:
    """What the values of a type are, in the words of `trimtab.core.columns`.

    >>> of_type(pl.Int8()), of_type(pl.Categorical()), of_type(pl.List(pl.Int8))
    ('numbers', 'text', 'other values')
    """
    if kind.is_numeric():
        return NUMBERS
    if kind == pl.Boolean:
        return TRUTHS
    if kind in (pl.Date, pl.Datetime):
        return DATES
    return TEXTS if kind in (pl.String, pl.Categorical, pl.Enum) else OTHERS


def kind_of(value: object) -> str:
    """What a column held in train that this value was learnt from: a text, a number or a truth value.

    >>> kind_of("a"), kind_of(True), kind_of(2.5)
    ('text', 'truth values', 'numbers')
    """
    if isinstance(value, str):
        return TEXTS
    return TRUTHS if isinstance(value, bool) else NUMBERS


def held(values: pl.Series, *wanted: str) -> pl.Series | None:
    """The column, if it holds what is wanted (integers of any width and floats are numbers); else None.

    A column without any value fits everywhere, as the type that readers guess for it says nothing; it comes
    back as one of the first of `wanted`.
    """
    if of_type(values.dtype) in wanted:
        return values
    if not tally.present_values(values).any():
        return pl.Series(values.name, [None], _USUAL[wanted[0]]).new_from_index(0, len(values))
    return None


def as_learnt(batch: Batch, learnt: Mapping[str, tuple[str, ...]], step: str) -> Batch:
    """The batch with its columns as `held` gives them, for a step that learnt of them what `learnt` says.

    A column that is not there is passed over.

    Raises:
        DataError: one holds something else now.
    """
    kinds, changed = batch.columns.schema, []
    for name, wanted in learnt.items():
        if name not in kinds:
            continue
        values = batch[name]
        found = held(values, *wanted)
        if found is None:
            told = " or ".join(wanted)
            raise DataError(
                f"step {step}",
                f"column '{name}' holds {values.dtype.base_type()}, in train it held {told}",
                f"give it as {told}, or learn the step anew",
            )
        if found is not values:
            changed.append(found)
    return replace(batch, columns=batch.columns.with_columns(changed)) if changed else batch
