"""Fills the gaps of series from the values around them, or only from those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import Column
from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.timeline import Timeline, measured, timeline

CAUSAL = ("forward", "seasonal")
"""Methods that can do without a later value."""


@dataclass(frozen=True)
class Interpolate(Step):
    """Fill the gaps of series in long form: one row a time, ordered by `time`, a series for each value of
    `by`.

    Methods:

    - `forward`, `backward`: the last value before the gap, the next one after it;
    - `linear`, `time`: the straight line between both, by row or by time;
    - `pchip`, `spline`: a monotone cubic, a cubic spline (not-a-knot) through all values, by time;
    - `seasonal`: with `live` the value `period` rows before (or twice that, ...); else a straight line
      between what is left when the mean season is taken off (classical decomposition).

    `limit` is the most values of one gap that are filled, counted from the side the values come from. Nothing
    is ever taken from another series, nor made up beyond the ends of one: those gaps stay for `impute`.

    `live: true` (the default) never looks ahead. A value is filled in training exactly as it would have
    been in service, where nothing later is known; only `forward` and `seasonal` can do that. In service the
    step sees the rows of one request: send with it the past that it shall fill from. `live: false` is for
    series that are complete when they are served.
    """

    name: ClassVar[str] = "interpolate"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    method: Literal["linear", "time", "pchip", "spline", "seasonal", "forward", "backward"] = "forward"
    live: bool = True
    limit: Annotated[int, Field(ge=1)] | None = None
    period: Annotated[int, Field(ge=2)] | None = None
    time: Column = "time"
    by: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    label: str = "label"

    def __post_init__(self) -> None:
        if self.live and self.method not in CAUSAL:
            raise ConfigError(
                f"step {self.name}",
                f"method {self.method} needs the value after the gap, live: true never looks ahead",
                f"use method {' or '.join(CAUSAL)}, or live: false where whole series are served",
            )
        if self.method == "seasonal" and self.period is None:
            raise ConfigError(
                f"step {self.name}",
                "method seasonal has no period",
                "give `period`, in rows (24 for hours of a day)",
            )

    @property
    def together(self) -> tuple[str, ...]:
        """A series is never cut."""
        return self.by

    def __call__(self, batch: Batch) -> Batch:
        """The rows with their gaps filled; integers become floats."""
        order = timeline(batch, self.time, self.by, self.name)
        names = measured(batch, self.columns, (self.time, self.label, *self.by), self.name)
        return replace(
            batch, columns=batch.columns.with_columns(self._filled(batch[name], order) for name in names)
        )

    def _filled(self, column: pl.Series, order: Timeline) -> pl.Series:
        values = order.values(column)
        frame = pl.DataFrame({"series": order.series, "time": order.time, "value": values}).with_columns(
            pl.col("value").fill_nan(None)
        )
        frame = frame.with_columns(self._guess(frame).alias("guess"))
        frame = frame.with_columns(pl.when(self._near()).then("guess").alias("guess"))
        kind = column.dtype if column.dtype.is_float() else pl.Float64
        guess = pl.Series(np.full(len(column), np.nan)).scatter(order.rows, frame["guess"].fill_null(np.nan))
        held = pl.DataFrame({"held": column.cast(kind), "guess": guess.fill_nan(None).cast(kind)})
        filled = pl.when(pl.col("held").is_nan()).then(None).otherwise("held").fill_null(pl.col("guess"))
        return held.select(filled.alias(column.name))[column.name]

    def _near(self) -> pl.Expr:
        """True where a row is within `limit` of the value that its gap is filled from."""
        if self.limit is None:
            return pl.lit(value=True)
        place = pl.int_range(pl.len())
        known = pl.when(pl.col("value").is_not_null()).then(place)
        away = known.backward_fill() - place if self.method == "backward" else place - known.forward_fill()
        return (away <= self.limit).over("series")

    def _guess(self, frame: pl.DataFrame) -> pl.Series:
        """The fill of each row; null where there is none."""
        if self.method in ("pchip", "spline"):
            return pl.Series(_curves(frame, self.method)).fill_nan(None)
        if self.method == "seasonal":
            phase = (pl.int_range(pl.len()) % self.period).over("series")
            return _seasonal(frame.with_columns(phase=phase), int(self.period or 0), self.live)
        value = pl.col("value")
        guess = {
            "forward": value.forward_fill(),
            "backward": value.backward_fill(),
            "linear": value.interpolate(),
            "time": value.interpolate_by("time"),
        }[self.method]
        return frame.select(guess.over("series"))["value"]


def _seasonal(frame: pl.DataFrame, period: int, live: bool) -> pl.Series:
    """The value of earlier seasons, or classical decomposition: season = mean by phase of the detrended."""
    value = pl.col("value")
    if live:
        return frame.select(value.forward_fill().over("series", "phase"))["value"]
    trend = value.interpolate().rolling_mean(period, min_samples=1, center=True)
    frame = frame.with_columns(trend=trend.over("series"))
    season = (value - pl.col("trend")).mean().over("series", "phase").fill_null(0.0)
    frame = frame.with_columns(season=season)
    rest = (value - pl.col("season")).interpolate().over("series")
    return frame.select(rest + pl.col("season"))["value"]


def _curves(frame: pl.DataFrame, method: str) -> np.ndarray:
    """Values (n,) of the curve through each series; NaN beyond its ends, or where it has fewer than two."""
    from scipy import interpolate  # here: it takes longer to load than all of this room

    make: Callable[..., Callable[[np.ndarray], np.ndarray]] = {
        "pchip": interpolate.PchipInterpolator,
        "spline": interpolate.CubicSpline,
    }[method]
    found = [np.empty(0)]
    for time, value in _each(frame):
        known = ~np.isnan(value)
        at, first = np.unique(time[known], return_index=True)  # of equal times, the first
        if len(at) < 2:
            found.append(np.full(len(time), np.nan))
            continue
        inside = (time >= at[0]) & (time <= at[-1])
        curve = make(at - at[0], value[known][first])
        found.append(np.where(inside, curve(np.clip(time, at[0], at[-1]) - at[0]), np.nan))
    return np.concatenate(found)


def _each(frame: pl.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Time and values (NaN where missing) of each series, in order."""
    for part in frame.partition_by("series", maintain_order=True):
        yield part["time"].to_numpy(), part["value"].fill_null(np.nan).to_numpy()
