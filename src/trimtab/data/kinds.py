"""What the columns of a batch hold, and whether that is what a step needs, or learnt from.

What `trimtab plan` tells of a step is what learning refuses, in the same words: see `trimtab.core.columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from trimtab.core.columns import (
    ANY,
    BYTES,
    CLOCK,
    DATES,
    FEATURES,
    LISTS,
    NUMBERS,
    OTHERS,
    SPANS,
    STRUCTS,
    TEXT,
    TEXTS,
    TRUTHS,
    Kinds,
    unfit,
)
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data import tally

SPARSE = pl.Struct({"at": pl.List(pl.UInt32), "value": pl.List(pl.Float32)})
"""A row of a sparse matrix: see `trimtab.features.matrix`."""
_KINDS: Mapping[str, tuple[type[pl.DataType], ...]] = {
    TRUTHS: (pl.Boolean,),
    TEXTS: (pl.String, pl.Categorical, pl.Enum),
    DATES: (pl.Date, pl.Datetime),
    CLOCK: (pl.Time,),
    SPANS: (pl.Duration,),
    LISTS: (pl.List, pl.Array),
    STRUCTS: (pl.Struct,),
    BYTES: (pl.Binary,),
}
MOST = 2**53
"""Up to here floats hold every integer."""
_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
_USUAL = {
    NUMBERS: pl.Float64(),
    TRUTHS: pl.Boolean(),
    TEXTS: pl.String(),
    DATES: pl.Datetime("us"),
    CLOCK: pl.Time(),
    SPANS: pl.Duration("us"),
}
"""The type of a column whose own type says nothing."""


def of_type(kind: pl.DataType) -> str:
    """What the values of a type are, in the words of `trimtab.core.columns`.

    >>> of_type(pl.Int8()), of_type(pl.Categorical()), of_type(pl.Struct({"a": pl.Int8}))
    ('numbers', 'text', 'structs')
    """
    if kind.is_numeric():
        return NUMBERS
    if is_feature(kind):
        return FEATURES
    return next((name for name, kinds in _KINDS.items() if kind in kinds), OTHERS)


def kinds_of(kind: pl.DataType) -> Kinds:
    """What the values of a column of this type may be; nothing is known of one that holds none."""
    return ANY if kind == pl.Null else frozenset({of_type(kind)})


def is_feature(kind: pl.DataType) -> bool:
    """True for the type of a feature column: a row of a dense or of a sparse matrix."""
    dense = isinstance(kind, pl.Array) and kind.inner == pl.Float32 and len(kind.shape) == 1
    return dense or is_sparse(kind)


def is_sparse(kind: pl.DataType) -> bool:
    """True for the type of a sparse feature column."""
    return kind == SPARSE


def numbers(batch: Batch) -> list[str]:
    """The columns of numbers."""
    return [name for name, kind in batch.columns.schema.items() if kind.is_numeric()]


def present(batch: Batch, columns: Iterable[str], step: str, wanted: Kinds = ANY) -> list[str]:
    """The columns, all of which the batch has, and which hold one of `wanted`, or no value at all.

    Raises:
        DataError: one of them is not there, or holds something else.
    """
    asked = list(columns)
    held_by = {name: kinds_of(kind) for name, kind in batch.columns.schema.items()} if asked else {}
    for column in asked:
        for fault in unfit(column, held_by, wanted):
            if column not in held_by or tally.present_values(batch[column]).any():
                raise DataError(f"step {step}", fault.problem, fault.remedy)
    return asked


def exact(values: pl.Series, step: str) -> None:
    """Check that a column which is going to be one of floats holds no integer that a float would change.

    Raises:
        DataError: it holds an integer beyond 2^53.
    """
    wide = values.dtype.is_integer() and values.dtype not in _NARROW
    ends: Any = (values.min(), values.max()) if wide else ()
    if any(end is not None and abs(end) > MOST for end in ends):
        raise DataError(
            f"step {step}",
            f"column '{values.name}' holds integers beyond 2^53, which it would have to round",
            "give it as text, or leave it out of `columns`",
        )


def texts_of(batch: Batch, column: str, step: str) -> pl.Series:
    """A column of text, as strings; one without any value will do.

    Raises:
        DataError: it is not there, or holds something else.
    """
    values = held(batch[present(batch, [column], step, TEXT)[0]], TEXTS)
    assert values is not None
    return values.cast(pl.String)


def absent(batch: Batch, columns: Iterable[str], step: str, remedy: str = "rename or drop it") -> None:
    """Check that the batch has none of the columns, which the step is going to add.

    Raises:
        DataError: one of them is there.
    """
    there = set(batch.columns.columns)
    for column in columns:
        if column in there:
            raise DataError(f"step {step}", f"would write over column '{column}'", remedy)


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
