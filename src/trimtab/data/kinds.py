"""Whether a column still holds what it held in train: what steps check that learnt something of a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data import tally

NUMBERS, WORDS, TRUTHS = "numbers", "text", "truth values"

_HOLDS: dict[str, tuple[Callable[[pl.DataType], bool], pl.DataType]] = {
    NUMBERS: (lambda kind: kind.is_numeric(), pl.Float64()),
    WORDS: (lambda kind: kind in (pl.String, pl.Categorical, pl.Enum), pl.String()),
    TRUTHS: (lambda kind: kind == pl.Boolean, pl.Boolean()),
}
"""Which types hold such values, and the type of a column whose own type says nothing."""


def kind_of(value: object) -> str:
    """What a column held in train that this value was learnt from: a text, a number or a truth value.

    >>> kind_of("a"), kind_of(True), kind_of(2.5)
    ('text', 'truth values', 'numbers')
    """
    if isinstance(value, str):
        return WORDS
    return TRUTHS if isinstance(value, bool) else NUMBERS


def held(values: pl.Series, *wanted: str) -> pl.Series | None:
    """The column, if it holds what is wanted (integers of any width and floats are numbers); else None.

    A column without any value fits everywhere, as the type that readers guess for it says nothing; it comes
    back as one of the first of `wanted`.
    """
    if any(_HOLDS[one][0](values.dtype) for one in wanted):
        return values
    if not tally.present_values(values).any():
        return pl.Series(values.name, [None], _HOLDS[wanted[0]][1]).new_from_index(0, len(values))
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
