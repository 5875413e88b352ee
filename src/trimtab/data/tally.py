"""Value counts of columns: the summary from which median, mode, quantiles and spread follow exactly.

Counts of blocks add up, so whatever is learnt from them is the same for any number of blocks in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.objects import Batch

Tally = Mapping[str, pl.DataFrame]
"""Column name to a frame of `value` and `rows`, sorted by value, without missing values."""


def present(batch: Batch, columns: Iterable[str], step: str) -> list[str]:
    """The columns, all of which the batch has.

    Raises:
        DataError: one of them is not there.
    """
    wanted = list(columns)
    for column in wanted:
        if column not in batch.columns.columns:
            raise DataError(
                f"step {step}", f"no column '{column}'", suggestion(column, batch.columns.columns)
            )
    return wanted


def numbers(batch: Batch) -> list[str]:
    """The columns of numbers."""
    return [name for name, kind in batch.columns.schema.items() if kind.is_numeric()]


def count(values: Mapping[str, pl.Series]) -> Tally:
    """The value counts of columns; null and NaN are no values, the empty string is one."""
    return {name: _total(pl.DataFrame({"value": series, "rows": 1})) for name, series in values.items()}


def add(left: Tally, right: Tally) -> Tally:
    """The counts of two blocks together."""
    total = dict(left)
    for name, frame in right.items():
        both = [total[name], frame] if name in total else [frame]
        total[name] = _total(pl.concat(both, how="vertical_relaxed"))
    return total


def _total(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.filter(present_values(frame["value"]))
    return frame.group_by("value").agg(pl.col("rows").cast(pl.Int64).sum()).sort("value")


def present_values(values: pl.Series) -> pl.Series:
    """True (rows,) where there is a value: neither null nor NaN."""
    there = values.is_not_null()
    return there & values.is_not_nan().fill_null(False) if values.dtype.is_float() else there


def mode(tally: pl.DataFrame) -> object:
    """The most frequent value; of several, the smallest."""
    return tally.filter(pl.col("rows") == pl.col("rows").max())["value"][0]


def quantile(tally: pl.DataFrame, q: float) -> float:
    """A quantile of the counted values, interpolated (Hyndman and Fan, 1996, type 7).

    >>> quantile(pl.DataFrame({"value": [1, 2, 9], "rows": [1, 1, 2]}), 0.5)
    5.5
    """
    values = tally["value"].cast(pl.Float64).to_numpy()
    last = np.cumsum(tally["rows"].to_numpy())
    at = q * (last[-1] - 1)
    low, high = (values[np.searchsorted(last, rank, side="right")] for rank in (np.floor(at), np.ceil(at)))
    return float(low + (high - low) * (at - np.floor(at)))


def mean_and_spread(tally: pl.DataFrame) -> tuple[float, float]:
    """Mean and standard deviation (of the population) of the counted values.

    >>> mean_and_spread(pl.DataFrame({"value": [1, 3], "rows": [2, 2]}))
    (2.0, 1.0)
    """
    values, rows = tally["value"].cast(pl.Float64).to_numpy(), tally["rows"].to_numpy()
    mean = float(np.average(values, weights=rows))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=rows)))
