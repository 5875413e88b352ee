"""A table of numbers and categories as one matrix, and back: what models that fill gaps compute on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from trimtab.core.columns import FILLABLE, NUMBERS, TEXTS, TRUTHS
from trimtab.core.objects import Batch
from trimtab.data import kinds, tally
from trimtab.data.kinds import present

Scale = tuple[str, float, float]
"""A column of numbers, its mean and its standard deviation (1 where it is 0)."""
Levels = tuple[str, tuple[str, ...]]
"""A column of categories, and those that it may be filled with, as text."""


@dataclass(frozen=True)
class Table:
    """How columns become a matrix: numbers standardised, then for each category column one 0/1 cell a level.

    A missing value is NaN in all its cells; a category without a level is 0 in all of them.
    """

    numbers: tuple[Scale, ...]
    categories: tuple[Levels, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of their cells."""
        return (*(name for name, *_ in self.numbers), *(name for name, _ in self.categories))

    @property
    def cells(self) -> tuple[slice, ...]:
        """Where in the matrix each column lies."""
        widths = [1] * len(self.numbers) + [len(levels) for _, levels in self.categories]
        ends = np.cumsum([0, *widths]).tolist()
        return tuple(slice(start, end) for start, end in pairwise(ends))

    def read(self, batch: Batch, step: str) -> Batch:
        """The batch, whose columns hold what they held in train; those without a value get its type.

        Raises:
            DataError: a column of numbers holds text now, or a category's numbers; or integers are too large.
        """
        of: dict[str, tuple[str, ...]] = {name: (NUMBERS,) for name, *_ in self.numbers}
        of |= {name: _held(levels) for name, levels in self.categories}
        held = kinds.as_learnt(batch, of, step)
        for name, *_ in self.numbers:
            if name in batch.columns.columns:
                kinds.exact(held[name], step)
        return held

    def encode(self, batch: Batch) -> np.ndarray:
        """The matrix (rows, cells); a column that is not there is missing."""
        parts = [np.empty((len(batch), 0))]
        for name, mean, spread in self.numbers:
            parts.append((_numbers(_column(batch, name)) - mean)[:, None] / spread)
        for name, levels in self.categories:
            parts.append(_one_hot(_words(_column(batch, name)), levels))
        return np.concatenate(parts, axis=1)

    def filled(self, batch: Batch, matrix: np.ndarray, rows: np.ndarray) -> Batch:
        """The batch with its gaps in `rows` filled from `matrix` (rows, cells), in all columns that it has.

        An infinite value is no gap; it stays.

        Integers become floats, in every batch: the type must not depend on which rows came.
        """
        new = {}
        for at, (name, cells) in enumerate(zip(self.names, self.cells, strict=True)):
            if name not in batch.columns.columns:
                continue
            held, guess = batch[name], matrix[:, cells]
            if at < len(self.numbers):
                _, mean, spread = self.numbers[at]
                gaps = np.flatnonzero(~tally.present_values(held).to_numpy())
                held = held.cast(held.dtype if held.dtype.is_float() else pl.Float64)
                fill = pl.Series(guess[:, 0] * spread + mean)
            else:
                gaps = np.flatnonzero(held.is_null().to_numpy())
                levels = pl.Series(self.categories[at - len(self.numbers)][1], dtype=pl.String)
                if isinstance(held.dtype, pl.Enum) and not levels.is_in(held.dtype.categories).all():
                    held = held.cast(pl.String)  # it cannot hold each fill
                fill = levels.gather(guess.argmax(axis=1))
            place = np.searchsorted(rows, gaps)
            new[name] = held.scatter(gaps, _like(fill.gather(place), held.dtype)) if len(gaps) else held
        return batch.with_columns(**new) if new else batch


def _held(levels: Sequence[str]) -> tuple[str, ...]:
    """What a column of these categories held: they are kept as text, truth values too."""
    return (TEXTS, TRUTHS) if {*levels} <= {"true", "false"} else (TEXTS,)


def _like(fill: pl.Series, kind: pl.DataType) -> pl.Series:
    return fill == "true" if kind == pl.Boolean else fill.cast(kind)


def fit(batch: Batch, names: Sequence[str], most: int) -> Table:
    """The table of the columns that hold a value; of the categories the `most` frequent are levels."""
    numbers, categories = [], []
    for name in names:
        counts = tally.count({name: batch[name]})[name]
        if batch[name].dtype.is_numeric():
            counts = tally.finite(counts)
        if counts.height and batch[name].dtype.is_numeric():
            mean, spread = tally.mean_and_spread(counts)
            numbers.append((name, mean, spread or 1.0))
        elif counts.height:
            words = counts.with_columns(pl.col("value").cast(pl.String)).sort(
                ["rows", "value"], descending=[True, False]
            )
            categories.append((name, tuple(sorted(words["value"].head(most)))))
    return Table(tuple(numbers), tuple(categories))


def fillable(batch: Batch, columns: Sequence[str], leave: Sequence[str], step: str) -> list[str]:
    """The columns of numbers, words or truth values: those named, else all but `leave`.

    Raises:
        DataError: a named column holds something else (a date, a list), or is not there.
    """
    named = present(batch, columns, step, FILLABLE)
    usual = [name for name, kind in batch.columns.schema.items() if kinds.kinds_of(kind) & FILLABLE]
    return sorted(named or [name for name in usual if name not in leave])


def _column(batch: Batch, name: str) -> pl.Series:
    if name in batch.columns.columns:
        return batch[name]
    return pl.Series(name, [None] * len(batch), dtype=pl.Null)


def _numbers(values: pl.Series) -> np.ndarray:
    found = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(found), found, np.nan)


def _words(values: pl.Series) -> pl.Series:
    return values.cast(pl.String)


def _one_hot(values: pl.Series, levels: Sequence[str]) -> np.ndarray:
    cells = np.column_stack([(values == level).fill_null(False).to_numpy() for level in levels]).astype(float)
    cells[values.is_null().to_numpy()] = np.nan
    return cells
