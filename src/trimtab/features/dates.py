"""Dates as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import polars as pl

from trimtab.core.columns import CALENDAR, DateColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.features.clock import CLOCK, Part, part, part_names, points, zone_of
from trimtab.features.columns import chosen, column
from trimtab.features.feature import Feature, Names

Found = tuple[str, bool, str]
"""Column, whether it has a time of day, and its time zone."""


@dataclass(frozen=True)
class Dates(Feature):
    """Year, month, day, weekday and hour of each date, and its days since 1970, dense.

    Parts that come round (`cyclic`) become sine and cosine, so that December lies beside January. `columns`
    are by default all dates and points in time; a date has no hour. A missing date is NaN. Later rows are
    read by the clocks of the time zone that train had.
    """

    name: ClassVar[str] = "dates"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    takes: ClassVar[str] = "dates, but for `label`"
    learned: ClassVar[tuple[str, ...]] = ("found",)

    columns: tuple[DateColumn, ...] = ()
    parts: tuple[Part, ...] = ("epoch", "year", "month", "day", "weekday", "hour")
    cyclic: bool = True
    label: UsualColumn = "label"
    found: tuple[Found, ...] | None = None

    def partial(self, batch: Batch) -> frozenset[Found]:
        """The columns of dates."""
        names = chosen(batch, self.columns, CALENDAR, [self.label], self.name, CALENDAR)
        return frozenset((name, batch[name].dtype != pl.Date, zone_of(batch[name].dtype)) for name in names)

    def merge(self, left: frozenset[Found], right: frozenset[Found]) -> frozenset[Found]:
        """The columns of both blocks."""
        return left | right

    def finish(self, total: frozenset[Found]) -> Self:
        """The step with its columns."""
        return replace(self, found=tuple({one[0]: one for one in sorted(total)}.values()))

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column and part."""
        del sources
        return tuple(
            f"{name} {each}" for name, what, _ in self._parts() for each in part_names(what, self.cyclic)
        )

    def vectors(self, batch: Batch) -> np.ndarray:
        """Parts (rows, parts of all columns)."""
        place = f"step {self.name}"
        found = [
            part(points(column(batch, name), place, zone), what, self.cyclic)
            for name, what, zone in self._parts()
        ]
        return np.concatenate([np.empty((len(batch), 0)), *found], axis=1).astype(np.float32)

    def _parts(self) -> list[tuple[str, str, str]]:
        """Column, part and zone."""
        return [
            (name, what, zone)
            for name, has_time, zone in self.found or ()
            for what in self.parts
            if has_time or what not in CLOCK
        ]
