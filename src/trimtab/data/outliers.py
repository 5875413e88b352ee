"""Drops train rows with a value far from the others; a text is measured by its length in characters."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import tally
from trimtab.data.tally import Tally

Bound = tuple[str, float, float]
"""Column, lowest and highest value that stays."""


@dataclass(frozen=True)
class Outliers(Step):
    """What the outlier steps share: they learn a range for each column, and drop the rows outside.

    `columns` are numbers or texts; by default the text column, and where there is none all columns of
    numbers. A missing value is no outlier.
    """

    train_only: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("bounds",)

    columns: tuple[str, ...] = ()
    text: str = "text"
    bounds: tuple[Bound, ...] | None = None

    @abstractmethod
    def range(self, counts: pl.DataFrame) -> tuple[float, float]:
        """The lowest and highest value that stays, from the value counts of a column."""

    def partial(self, batch: Batch) -> Tally:
        """Value counts of the measured quantities."""
        usual = (self.text,) if batch.modality == "text" else tally.numbers(batch)
        return tally.count({name: self._measured(batch, name) for name in self.columns or usual})

    def merge(self, left: Tally, right: Tally) -> Tally:
        """Counts of both blocks."""
        return tally.add(left, right)

    def finish(self, total: Tally) -> Self:
        """The step with a range for each column that has values."""
        known = ((name, total[name]) for name in sorted(total))
        return replace(
            self, bounds=tuple((name, *self.range(counts)) for name, counts in known if counts.height)
        )

    def __call__(self, batch: Batch) -> Batch:
        """The rows inside all ranges."""
        for name, low, high in self.bounds or ():
            values = self._measured(batch, name).cast(pl.Float64).fill_null(np.nan).to_numpy()
            outside = (values < low) | (values > high)
            what = f"length of {name}" if batch.columns.schema[name] == pl.String else name
            reasons = [
                f"{what} {value:g} is outside {low:.4g} to {high:.4g} ({self.name})"
                for value in values[outside]
            ]
            batch = batch.keep(~outside, self.name, reasons)
        return batch

    def _measured(self, batch: Batch, name: str) -> pl.Series:
        tally.present(batch, [name], self.name)
        values = batch[name]
        if values.dtype in (pl.String, pl.Null):
            return values.cast(pl.String).str.len_chars()
        if not values.dtype.is_numeric():
            raise DataError(
                f"step {self.name}",
                f"column '{name}' holds {values.dtype}",
                "name columns of numbers or text",
            )
        return values


@dataclass(frozen=True)
class Iqr(Outliers):
    """Drop rows more than `factor` interquartile ranges below the first or above the third quartile.

    Tukey's fences (Tukey, 1977): 1.5 for outliers, 3 for far out.
    """

    name: ClassVar[str] = "iqr"

    factor: Annotated[float, Field(gt=0)] = 1.5

    def range(self, counts: pl.DataFrame) -> tuple[float, float]:
        """Tukey's fences."""
        first, third = tally.quantile(counts, 0.25), tally.quantile(counts, 0.75)
        reach = self.factor * (third - first)
        return first - reach, third + reach


@dataclass(frozen=True)
class ZScore(Outliers):
    """Drop rows more than `limit` standard deviations from the mean; where all values are alike, none."""

    name: ClassVar[str] = "zscore"

    limit: Annotated[float, Field(gt=0)] = 3.0

    def range(self, counts: pl.DataFrame) -> tuple[float, float]:
        """Mean plus and minus `limit` standard deviations."""
        values = counts["value"].cast(pl.Float64)
        if counts.height == 1:
            return float(values[0]), float(values[0])
        mean, spread = tally.mean_and_spread(counts)
        return mean - self.limit * spread, mean + self.limit * spread
