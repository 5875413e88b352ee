"""Rows of several series in the order of time, and windows over the values of one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trimtab.core.columns import CATEGORIES, CLOCK, DATES, NUMBERS, QUANTITIES, SPANS, TIMES
from trimtab.core.objects import Batch
from trimtab.data.kinds import held, numbers, present


@dataclass(frozen=True)
class Timeline:
    """The rows of a batch, series by series, each in the order of time; equal times in the order of ids.

    `rows` (n,) are positions in the batch, `series` (n,) the number of the series, `time` (n,) as floats:
    seconds of a date or time, else the numbers themselves. Rows without a time have no place and are not
    here.
    """

    rows: np.ndarray
    series: np.ndarray
    time: np.ndarray

    def values(self, column: pl.Series) -> np.ndarray:
        """The values of a column (n,) in this order, NaN where missing or not finite."""
        values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()[self.rows]
        return np.where(np.isfinite(values), values, np.nan)


def timeline(batch: Batch, time: str, by: Sequence[str], step: str) -> Timeline:
    """The order of a batch whose series are the groups of the columns `by`; without any, all rows are one.

    Raises:
        DataError: a column is not there, or `time` holds neither dates, durations nor numbers.
    """
    present(batch, [time], step, TIMES)
    present(batch, by, step, CATEGORIES)
    keys = [pl.col(name).alias(f"key {at}") for at, name in enumerate(by)]
    exact = pl.col(time).alias("exact")  # as floats, nanoseconds and large numbers would be tied
    at, ids = seconds(batch[time]).alias("time"), pl.Series("id", batch.ids)
    frame = batch.columns.select(*keys, exact).with_columns(at, ids)
    frame = frame.with_row_index("row").drop_nulls("time")
    named = [f"key {at}" for at in range(len(by))]
    frame = frame.sort([*named, "exact", "id"])
    series = frame.select(pl.struct(named).rle_id().alias("series"))["series"] if named else None
    codes = np.zeros(frame.height, np.int64) if series is None else series.cast(pl.Int64).to_numpy()
    return Timeline(frame["row"].cast(pl.Int64).to_numpy(), codes, frame["time"].to_numpy())


def seconds(values: pl.Series) -> pl.Series:
    """Points in time as seconds since 1970, durations as seconds, numbers as they are: (rows,) float64."""
    found = held(values, NUMBERS, DATES, CLOCK, SPANS)
    assert found is not None
    found = found.cast(pl.Datetime("us")) if found.dtype == pl.Date else found
    if found.dtype.is_temporal():
        unit = "ns" if found.dtype == pl.Time else getattr(found.dtype, "time_unit", "us")
        found = found.to_physical() / {"ms": 1e3, "us": 1e6, "ns": 1e9}[unit]
    return found.cast(pl.Float64).fill_nan(None)


def measured(batch: Batch, columns: Sequence[str], leave: Sequence[str], step: str) -> list[str]:
    """The columns of numbers that a step works on: those named, else all but `leave`.

    Raises:
        DataError: a named column holds something else, or is not there.
    """
    return present(batch, columns, step, QUANTITIES) or [name for name in numbers(batch) if name not in leave]


def window(
    values: np.ndarray, series: np.ndarray, owner: np.ndarray, start: np.ndarray, width: int
) -> np.ndarray:
    """Windows (m, width) over values (n,): `width` of them from `start` (m,), NaN beyond the series `owner`
    (m,)."""
    at = start[:, None] + np.arange(width)
    inside = (at >= 0) & (at < len(values))
    at = np.where(inside, at, 0)
    if len(values) == 0:
        return np.full(at.shape, np.nan)
    return np.where(inside & (series[at] == owner[:, None]), values[at], np.nan)


def medians(windows: np.ndarray) -> np.ndarray:
    """The median (m,) of what each window (m, width) holds, NaN where it holds nothing."""
    ordered = np.sort(windows, axis=1)  # NaN comes last
    held = (~np.isnan(ordered)).sum(axis=1)
    low, high = (
        np.take_along_axis(ordered, np.maximum(at, 0)[:, None], 1)[:, 0]
        for at in ((held - 1) // 2, held // 2)
    )
    return np.where(held > 0, (low + high) / 2, np.nan)


def means(windows: np.ndarray) -> np.ndarray:
    """The mean (m,) of what each window (m, width) holds, NaN where it holds nothing."""
    held = (~np.isnan(windows)).sum(axis=1)
    return np.where(held > 0, np.nansum(windows, axis=1) / np.maximum(held, 1), np.nan)
