"""What a point in time says: parts of the date, and places on the circles of day, week and year."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from trimtab.core.columns import DATES
from trimtab.core.errors import DataError
from trimtab.data.kinds import held, of_type

Part = Literal["epoch", "year", "month", "day", "weekday", "year_day", "hour", "minute", "weekend"]
TURN = {"month": 12, "day": 31, "weekday": 7, "year_day": 366, "hour": 24, "minute": 60}
"""Parts that come round, and after how many; they start at 1, hour and minute at 0."""
CLOCK = ("hour", "minute")
"""Parts that a date without a time does not have."""
SECONDS = {"hour": 3_600.0, "day": 86_400.0, "week": 604_800.0, "year": 31_556_952.0}
"""Lengths of periods in seconds; the year is the Gregorian calendar's mean."""


def zone_of(kind: pl.DataType) -> str:
    """The time zone of a type; empty where it has none."""
    return getattr(kind, "time_zone", None) or ""


def points(values: pl.Series, place: str, zone: str) -> pl.Series:
    """A column as points in time, by the clocks of `zone`; a column without any value will do.

    Raises:
        DataError: the column holds anything else, or only one of column and `zone` names a time zone.
    """
    found = held(values, DATES)
    if found is None:
        held_now = of_type(values.dtype)
        raise DataError(
            place,
            f"column '{values.name}' holds {held_now}, not dates",
            "declare it as a date, or name another",
        )
    found = found.cast(pl.Datetime("us")) if found.dtype == pl.Date else found
    now = zone_of(found.dtype)
    if now == zone or found.null_count() == len(found):
        return found
    if not (now and zone):
        told = [f"of zone {name}" if name else "without a zone" for name in (now, zone)]
        raise DataError(
            place,
            f"column '{values.name}' holds times {told[0]}, in train they were {told[1]}",
            "give them as in train: the same clock would show other hours",
        )
    return found.dt.convert_time_zone(zone)


def part_names(part: str, cyclic: bool) -> tuple[str, ...]:
    """The names of the features that a part becomes."""
    return (f"{part} sin", f"{part} cos") if cyclic and part in TURN else (part,)


def part(times: pl.Series, name: str, cyclic: bool) -> np.ndarray:
    """A part of each point in time (rows, 1), or its place on the circle (rows, 2); NaN where missing.

    `epoch` is in days since 1970-01-01, with a fraction.
    """
    found = _part(times, name).cast(pl.Float64).fill_null(np.nan).to_numpy()
    if not (cyclic and name in TURN):
        return found[:, None]
    angle = 2 * np.pi * (found - (name not in CLOCK)) / TURN[name]
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _part(times: pl.Series, name: str) -> pl.Series:
    if name == "epoch":
        return times.dt.epoch("us") / 86_400e6
    if name == "weekend":
        return times.dt.weekday() >= 6
    if name == "year_day":
        return times.dt.ordinal_day()
    found: pl.Series = getattr(times.dt, name)()
    return found
