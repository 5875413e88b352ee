"""Finds values of a series that stand out from their neighbours in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import CategoryColumn, Columns, QuantityColumn, TimeColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.actions import Action, Found, act, check_flags, flags_after, number
from trimtab.data.timeline import Timeline, means, measured, medians, timeline, window

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
    what is usual. An infinite value always is an outlier, and nobody's neighbour; where it has none itself,
    `clip` blanks it.
    """

    name: ClassVar[str] = "hampel"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    window: Annotated[int, Field(ge=3)] = 11
    limit: Annotated[float, Field(gt=0)] = 3.0
    live: bool = True
    action: Action = "null"
    time: TimeColumn = "time"
    by: tuple[CategoryColumn, ...] = ()
    columns: tuple[QuantityColumn, ...] = ()
    label: UsualColumn = "label"

    @property
    def train_only(self) -> bool:
        """Only dropping stays behind."""
        return self.action == "drop"

    @property
    def together(self) -> tuple[str, ...]:
        """A series is never cut."""
        return self.by

    def after(self, columns: Columns) -> Columns:
        """Flags of all, at most."""
        return flags_after(columns, self.action)

    def partial(self, batch: Batch) -> None:
        """Nothing; a flag must not be written over a column of the data."""
        check_flags(batch, self._measured(batch), self.action, self.name)

    def __call__(self, batch: Batch) -> Batch:
        """The rows after the action."""
        order = timeline(batch, self.time, self.by, self.name)
        found = [self._find(batch, name, order) for name in self._measured(batch)]
        return act(batch, found, self.action, self.name)

    def _measured(self, batch: Batch) -> list[str]:
        return measured(batch, self.columns, (self.time, self.label, *self.by), self.name)

    def _find(self, batch: Batch, name: str, order: Timeline) -> Found:
        low, high = np.full((2, len(batch)), np.nan)
        value = batch[name].cast(pl.Float64).fill_nan(None)
        judged = np.flatnonzero(value.is_not_null().to_numpy()[order.rows])
        ends = self._ranges(order.values(batch[name]), order.series, judged)
        low[order.rows[judged]], high[order.rows[judged]] = ends
        rows = pl.DataFrame({"value": value, "low": low, "high": high}).with_columns(pl.all().fill_nan(None))
        outside = (pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high"))
        rows = rows.with_columns(outside=(pl.col("value").is_infinite() | outside).fill_null(False))
        start, tail = pl.lit(name), pl.lit(f" of its neighbours in time ({self.name})")
        usual = pl.format("{} {} is outside {} to {}{}", start, *map(number, ("value", "low", "high")), tail)
        alone = pl.format("{} is {} ({})", start, number("value"), pl.lit(self.name))  # infinite
        return Found(name, rows, pl.coalesce(usual, alone))

    def _ranges(self, values: np.ndarray, series: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """Lowest and highest usual value (2, judged) at some places of all series (values,), in order.

        A value that is not finite stands in no window; NaN where a window holds nothing.
        """
        known = np.flatnonzero(~np.isnan(values))
        before = self.window - 1 if self.live else self.window // 2
        found = [np.empty((2, 0))]
        for at in range(0, len(judged), CHUNK):
            here = judged[at : at + CHUNK]
            start = np.searchsorted(known, here) - before
            near = window(values[known], series[known], series[here], start, self.window)
            near[np.isnan(values[here]), -1] = np.nan  # where the value itself would be, a later one stands
            centre = medians(near)
            away = np.abs(near - centre[:, None])
            spread = 1.4826 * medians(away)
            spread = np.where(spread == 0, np.sqrt(np.pi / 2) * means(away), spread)
            found.append(np.stack([centre - self.limit * spread, centre + self.limit * spread]))
        return np.concatenate(found, axis=1)
