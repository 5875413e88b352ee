"""What is predicted: classes or numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

Kind = Literal["auto", "classes", "number"]
"""`auto`: columns of numbers are numbers, all others classes."""


def is_classes(kind: pl.DataType, wanted: Kind) -> bool:
    """Whether a label column of this type holds classes."""
    return wanted == "classes" or (wanted == "auto" and not kind.is_numeric())


def as_numbers(label: pl.Series) -> pl.Series:
    """Numbers as Float64, NaN as missing."""
    return label.cast(pl.Float64).fill_nan(None)


def classes_of(targets: Iterable[pl.Series]) -> tuple[str, ...]:
    """All classes that occur, by the alphabet; none of a target of numbers."""
    return tuple(
        sorted(
            {value for target in targets if not target.dtype.is_numeric() for value in target.drop_nulls()}
        )
    )
