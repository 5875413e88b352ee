"""What the steps share that fill the gaps of series, whatever they fill them with."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import CategoryColumn, QuantityColumn, TimeColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.kinds import exact
from trimtab.data.timeline import Timeline, measured, timeline


@dataclass(frozen=True)
class SeriesGaps(Step):
    """Fill what is missing, null or NaN, in series in long form; a value that is there stays.

    An infinite value is there, so it stays too; but nothing is filled from it, and a gap goes on behind it.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    live: bool = True
    limit: Annotated[int, Field(ge=1)] | None = None
    time: TimeColumn = "time"
    by: tuple[CategoryColumn, ...] = ()
    columns: tuple[QuantityColumn, ...] = ()
    label: UsualColumn = "label"

    @property
    def together(self) -> tuple[str, ...]:
        """A series is never cut."""
        return self.by

    @abstractmethod
    def guesses(self, values: np.ndarray, order: Timeline) -> np.ndarray:
        """What stands for each value (n,) in order, were it missing; NaN where nothing does.

        Values that are missing or infinite are NaN.
        """

    def __call__(self, batch: Batch) -> Batch:
        """The rows with their gaps filled; integers become floats."""
        order = timeline(batch, self.time, self.by, self.name)
        names = measured(batch, self.columns, (self.time, self.label, *self.by), self.name)
        return replace(
            batch, columns=batch.columns.with_columns(self._filled(batch[name], order) for name in names)
        )

    def _filled(self, column: pl.Series, order: Timeline) -> pl.Series:
        exact(column, self.name)
        held = column.cast(column.dtype if column.dtype.is_float() else pl.Float64).fill_nan(None)
        guesses = np.full(len(column), np.nan)
        guesses[order.rows] = self.guesses(order.values(column), order)
        return held.zip_with(held.is_not_null(), pl.Series(guesses).fill_nan(None).cast(held.dtype))
