"""Fills the gaps of series by the mean or median of the nearest values in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from trimtab.data.series_gaps import SeriesGaps
from trimtab.data.timeline import Timeline, means, medians, window


@dataclass(frozen=True)
class RollingImpute(SeriesGaps):
    """Fill a gap of a series in long form by the mean or median of the `window` nearest present values.

    With `live` (the default) these are the last ones before the gap, so nothing later is looked at and a
    value is filled in training as it would be in service; a request must bring them. Else they are half of
    them on each side. They come from the same series (equal values in `by`), in the order of `time`; fewer
    at its ends, where a gap before the first value stays if `live`. Every value of a long gap gets the same
    fill; `limit` is the most values of one gap that are filled, counted from its start. An infinite value
    stays, and is nobody's neighbour.
    """

    name: ClassVar[str] = "rolling_impute"

    statistic: Literal["mean", "median"] = "mean"
    window: Annotated[int, Field(ge=1)] = 8

    def guesses(self, values: np.ndarray, order: Timeline) -> np.ndarray:
        """The statistic of the values around each gap; NaN beyond `limit`."""
        known, gaps = np.flatnonzero(~np.isnan(values)), np.flatnonzero(np.isnan(values))
        after = np.searchsorted(known, gaps)
        start = after - (self.window if self.live else (self.window + 1) // 2)
        near = window(values[known], order.series[known], order.series[gaps], start, self.window)
        fill = means(near) if self.statistic == "mean" else medians(near)
        if self.limit is not None:
            fill[_place(order.series, known, gaps, after) > self.limit] = np.nan
        guesses = values.copy()
        guesses[gaps] = fill
        return guesses


def _place(series: np.ndarray, known: np.ndarray, gaps: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The place (gaps,) of each missing value in its gap, from 1."""
    first = np.searchsorted(series, series[gaps])
    last = np.where(after > 0, known[np.maximum(after - 1, 0)] if len(known) else 0, -1)
    return gaps - np.maximum(last, first - 1)
