"""What is predicted: classes or numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
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


class Target(NamedTuple):
    """What rows are to be told by: numbers (rows,) float64, or class numbers int64 and how many classes."""

    values: np.ndarray
    classes: int
    """0 for numbers."""

    def columns(self) -> np.ndarray:
        """Numbers as one column, classes as one of zeros and ones each: (rows, max(classes, 1)) float64."""
        return np.eye(self.classes)[self.values] if self.classes else self.values[:, None]

    def take(self, rows: np.ndarray) -> Target:
        """Some rows; all classes are still counted."""
        return Target(self.values[rows], self.classes)

    @property
    def teaches(self) -> bool:
        """Whether there is anything to tell apart."""
        return len(np.unique(self.values)) > 1


def target_of(label: pl.Series, wanted: Kind) -> Target:
    """The target from a label column without missing values."""
    if not is_classes(label.dtype, wanted):
        return Target(as_numbers(label).to_numpy(), 0)
    names, values = np.unique(np.array(label.cast(pl.String).to_list(), dtype=object), return_inverse=True)
    return Target(values.astype(np.int64), len(names))
