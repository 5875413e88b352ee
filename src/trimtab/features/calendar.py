"""The calendar of a series: hour, weekday, season, weekends and holidays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Self

import numpy as np
import polars as pl

from trimtab.core.columns import CALENDAR, DateColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.features.clock import Part, part, part_names, points, zone_of
from trimtab.features.feature import Feature, Names


@dataclass(frozen=True)
class Calendar(Feature):
    """Hour, weekday and day of the year on their circles, weekend and holiday as 0 or 1, dense.

    It learns the time zone only: later rows are read by the same clocks. `holidays` are dates such as
    2024-12-25; without any there is no such column. A missing time is NaN. All of it is known beforehand, so
    it may be used for the hour that is forecast.
    """

    name: ClassVar[str] = "calendar"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})
    learned: ClassVar[tuple[str, ...]] = ("zone",)

    time: DateColumn = "time"
    parts: tuple[Part, ...] = ("hour", "weekday", "year_day", "weekend")
    cyclic: bool = True
    holidays: tuple[date, ...] = ()
    zone: str | None = None

    def partial(self, batch: Batch) -> str:
        """The time zone."""
        return zone_of(batch[present(batch, [self.time], self.name, CALENDAR)[0]].dtype)

    def merge(self, left: str, right: str) -> str:
        """That of the block which has one."""
        return max(left, right)

    def finish(self, total: str) -> Self:
        """The step with its zone."""
        return replace(self, zone=total)

    def names(self, sources: Names) -> tuple[str, ...]:
        """The parts."""
        del sources
        named = tuple(each for what in self.parts for each in part_names(what, self.cyclic))
        return (*named, *(["holiday"] if self.holidays else []))

    def vectors(self, batch: Batch) -> np.ndarray:
        """Parts (rows, parts)."""
        there = batch[present(batch, [self.time], self.name, CALENDAR)[0]]
        times = points(there, f"step {self.name}", self.zone or "")
        found = [part(times, what, self.cyclic) for what in self.parts]
        if self.holidays:
            free = times.dt.date().is_in([date.fromisoformat(str(day)) for day in self.holidays])
            found.append(free.cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None])
        return np.concatenate([np.empty((len(batch), 0)), *found], axis=1).astype(np.float32)
