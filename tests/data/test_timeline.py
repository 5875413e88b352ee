"""The order of series: exact in time, ties by id, and no place for a row without a time."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.timeline import timeline
from trimtab.features.lags import Lags
from trimtab.features.rolling import Rolling


def series(time: pl.Series, **more: object) -> Batch:
    columns = pl.DataFrame({"time": time, "value": np.arange(len(time)) + 1.0, **more})
    return Batch(columns, np.arange(len(time)), "series")


def test_it_tells_times_apart_that_are_a_nanosecond_or_a_large_number_apart():
    late = 1_700_000_000_000_000_000
    nanoseconds = pl.Series([late + 2, late + 1, late], dtype=pl.Datetime("ns"))
    for time in (nanoseconds, nanoseconds.cast(pl.Int64)):
        assert timeline(series(time), "time", (), "step").rows.tolist() == [2, 1, 0]


def test_it_orders_equal_times_by_id_within_each_series():
    batch = series(pl.Series([2, 1, 1, 1]), sensor=["b", "b", "a", "b"])
    order = timeline(batch, "time", ("sensor",), "step")
    assert order.rows.tolist() == [2, 1, 3, 0]
    assert order.series.tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("step", [Lags(lags=(1,)), Rolling(windows=(1,), statistics=("mean",))])
def test_it_gives_rows_without_a_time_no_past_and_makes_them_nobody_s_past(step):
    batch = series(pl.Series([3.0, float("nan"), 1.0, None, 2.0]))
    got = step.learn(batch).vectors(batch)[:, 0]
    assert np.array_equal(got, [5.0, np.nan, np.nan, np.nan, 3.0], equal_nan=True)


@pytest.mark.parametrize("step", [Lags(), Rolling()])
def test_it_refuses_a_time_that_is_text_for_nine_would_follow_ten(step):
    batch = series(pl.Series(["9", "10"]))
    with pytest.raises(
        DataError,
        match=f"step {step.name}: column 'time' holds text, not dates, durations, numbers or times of day",
    ):
        step.learn(batch)(batch)
