"""Fills the gaps of series by the mean or median of the nearest values in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import Column
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.timeline import Timeline, means, measured, medians, timeline, window


@dataclass(frozen=True)
class RollingImpute(Step):
    """Fill a gap of a series in long form by the mean or median of the `window` nearest present values.

    With `live` (the default) these are the last ones before the gap, so nothing later is looked at and a
    value is filled in training as it would be in service; a request must bring them. Else they are half of
    them on each side. They come from the same series (equal values in `by`), in the order of `time`; fewer
    at its ends, where a gap before the first value stays if `live`. Every value of a long gap gets the same
    fill; `limit` is the most values of one gap that are filled, counted from its start.
    """

    name: ClassVar[str] = "rolling_impute"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    statistic: Literal["mean", "median"] = "mean"
    window: Annotated[int, Field(ge=1)] = 8
    live: bool = True
    limit: Annotated[int, Field(ge=1)] | None = None
    time: Column = "time"
    by: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    label: str = "label"

    @property
    def together(self) -> tuple[str, ...]:
        """A series is never cut."""
        return self.by

    def __call__(self, batch: Batch) -> Batch:
        """The rows with their gaps filled; integers become floats."""
        order = timeline(batch, self.time, self.by, self.name)
        names = measured(batch, self.columns, (self.time, self.label, *self.by), self.name)
        new = {name: self._filled(batch[name], order) for name in names}
        return batch.with_columns(**new) if new else batch

    def _filled(self, column: pl.Series, order: Timeline) -> pl.Series:
        kind = column.dtype if column.dtype.is_float() else pl.Float64
        values = order.values(column)
        known, gaps = np.flatnonzero(~np.isnan(values)), np.flatnonzero(np.isnan(values))
        after = np.searchsorted(known, gaps)
        start = after - (self.window if self.live else (self.window + 1) // 2)
        near = window(values[known], order.series[known], order.series[gaps], start, self.window)
        fill = means(near) if self.statistic == "mean" else medians(near)
        if self.limit is not None:
            fill[_place(order.series, known, gaps, after) > self.limit] = np.nan
        held = column.cast(kind)
        held = held.fill_nan(None)
        there = ~np.isnan(fill)
        return (
            held.scatter(order.rows[gaps[there]], pl.Series(fill[there]).cast(kind)) if there.any() else held
        )


def _place(series: np.ndarray, known: np.ndarray, gaps: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The place (gaps,) of each missing value in its gap, from 1."""
    first = np.searchsorted(series, series[gaps])
    last = np.where(after > 0, known[np.maximum(after - 1, 0)] if len(known) else 0, -1)
    return gaps - np.maximum(last, first - 1)
