"""Finds values of a series that stand out from their neighbours in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.actions import Action, Found, act, number
from trimtab.data.timeline import Timeline, measured, medians, timeline, window

CHUNK = 100_000
"""Windows held at a time."""


@dataclass(frozen=True)
class Hampel(Step):
    """Find values more than `limit` robust deviations from the median of their neighbours in time.

    The Hampel filter (Hampel, 1974; Pearson, 2002) over series in long form: one row a time, ordered by
    `time`, a series for each value of the columns `by`. A window is `window` present values of the same
    series: with `live` the value and those before it, else half of them on each side; it is shorter at the
    ends. The deviation is that of `robust_zscore`. `live: true` never looks ahead, so a value is judged in
    training as it would have been in service; a request must bring `window` rows of its past, or is judged
    by the few it brings. `action` is as for the other outlier steps; `clip` moves a value to the edge of
    what is usual.
    """

    name: ClassVar[str] = "hampel"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    window: Annotated[int, Field(ge=3)] = 11
    limit: Annotated[float, Field(gt=0)] = 3.0
    live: bool = True
    action: Action = "null"
    time: str = "time"
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    label: str = "label"

    @property
    def train_only(self) -> bool:
        """Only dropping stays behind."""
        return self.action == "drop"

    @property
    def together(self) -> tuple[str, ...]:
        """A series is never cut."""
        return self.by

    def __call__(self, batch: Batch) -> Batch:
        """The rows after the action."""
        order = timeline(batch, self.time, self.by, self.name)
        names = measured(batch, self.columns, (self.time, self.label, *self.by), self.name)
        return act(batch, [self._find(batch, name, order) for name in names], self.action, self.name)

    def _find(self, batch: Batch, name: str, order: Timeline) -> Found:
        low, high = np.full((2, len(batch)), np.nan)
        values = order.values(batch[name])
        there = ~np.isnan(values)
        low[order.rows[there]], high[order.rows[there]] = self._ranges(values[there], order.series[there])
        value = batch[name].cast(pl.Float64)
        rows = pl.DataFrame({"value": value, "low": low, "high": high}).with_columns(pl.all().fill_nan(None))
        outside = (pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high"))
        rows = rows.with_columns(outside=outside.fill_null(False))
        tail = pl.lit(f" of its neighbours in time ({self.name})")
        reason = pl.format(
            "{} {} is outside {} to {}{}", pl.lit(name), *map(number, ("value", "low", "high")), tail
        )
        return Found(name, rows, reason)

    def _ranges(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Lowest and highest usual value (2, n) at each of the values of all series, in order."""
        before = self.window - 1 if self.live else self.window // 2
        found = [np.empty((2, 0))]
        for at in range(0, len(values), CHUNK):
            here = np.arange(at, min(at + CHUNK, len(values)))
            near = window(values, series, series[here], here - before, self.window)
            centre = medians(near)
            away = np.abs(near - centre[:, None])
            spread = 1.4826 * medians(away)
            spread = np.where(spread == 0, np.sqrt(np.pi / 2) * np.nanmean(away, axis=1), spread)
            found.append(np.stack([centre - self.limit * spread, centre + self.limit * spread]))
        return np.concatenate(found, axis=1)
