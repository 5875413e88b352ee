"""Statistics of the recent past of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.features.feature import Names
from trimtab.features.history import History

Statistic = Literal["mean", "std", "min", "max"]


@dataclass(frozen=True)
class Rolling(History):
    """Mean, standard deviation (of the sample), minimum and maximum over the last rows of a series, dense.

    `windows` are numbers of rows before the row itself; `current` takes the row in, which is right only
    where its value is known when the answer is needed. Missing values do not count; a window with fewer
    than `min_count` values is NaN, and so is the deviation of one. Each window is computed by itself, so a
    far value leaves no trace in later ones.
    """

    name: ClassVar[str] = "rolling"

    windows: tuple[Annotated[int, Field(ge=1)], ...] = (3, 12)
    statistics: tuple[Statistic, ...] = ("mean", "std", "min", "max")
    min_count: Annotated[int, Field(ge=1)] = 1
    current: bool = False

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column, statistic and window."""
        del sources
        return tuple(
            f"{name} {statistic} {window}"
            for name in self.found or ()
            for window in self.windows
            for statistic in self.statistics
        )

    def vectors(self, batch: Batch) -> np.ndarray:
        """Statistics (rows, columns * windows * statistics)."""
        values, order = self.values(batch), self.order(batch)
        rows, series = order.rows, order.series
        found = np.full((len(batch), len(self.names({}))), np.nan, np.float32)
        borders = np.flatnonzero(np.diff(series)) + 1
        for one in np.split(rows, borders):
            if len(one) and found.shape[1]:
                found[one] = np.concatenate(
                    [self._of(column, window) for column in values[one].T for window in self.windows], axis=1
                )
        return found

    def _of(self, values: np.ndarray, window: int) -> np.ndarray:
        """The statistics (rows, statistics) of one series (rows,) for one window."""
        before = np.concatenate([np.full(window, np.nan), values])
        views = sliding_window_view(before[1:] if self.current else before[:-1], window)
        there = ~np.isnan(views)
        count = there.sum(axis=1)
        mean = np.where(there, views, 0).sum(axis=1) / np.maximum(count, 1)
        squares = np.where(there, (views - mean[:, None]) ** 2, 0).sum(axis=1)
        std = np.sqrt(squares / np.maximum(count - 1, 1))
        kinds = {
            "mean": mean,
            "std": np.where(count > 1, std, np.nan),
            "min": np.where(there, views, np.inf).min(axis=1),
            "max": np.where(there, views, -np.inf).max(axis=1),
        }
        found = np.stack([kinds[name] for name in self.statistics], axis=1)
        found[count < self.min_count] = np.nan
        return found
