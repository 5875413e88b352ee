"""Features of series, against pandas; none of them looks ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rows import series_of
from trimtab.core.objects import Batch
from trimtab.features.calendar import Calendar
from trimtab.features.fourier import Fourier
from trimtab.features.lags import Lags
from trimtab.features.rolling import Rolling


def hourly(values, sensor=None) -> Batch:
    n = len(values)
    frame = pl.DataFrame(
        {
            "time": [datetime(2024, 1, 1) + timedelta(hours=at) for at in range(n)],
            "sensor": sensor or ["a"] * n,
            "value": pl.Series(values, dtype=pl.Float64),
        }
    )
    return Batch(frame, np.arange(n), modality="series")


MIXED = replace(series_of(120), ids=np.random.default_rng(0).permutation(120))


def by_sensor(batch: Batch) -> pd.core.groupby.SeriesGroupBy:
    table = pd.DataFrame(
        batch.columns.select("time", "sensor", "value").to_dict(as_series=False), dtype=object
    )
    table["value"] = table["value"].astype(float)
    return table.sort_values("time").groupby("sensor")["value"]


def test_it_lags_within_a_series_as_pandas_does():
    got = Lags(by=("sensor",), lags=(1, 5)).learn(MIXED).vectors(MIXED)
    for at, lag in enumerate((1, 5)):
        wanted = by_sensor(MIXED).shift(lag).sort_index()
        assert np.allclose(got[:, at], wanted, equal_nan=True)


@pytest.mark.parametrize("statistic", ["mean", "std", "min", "max"])
@pytest.mark.parametrize("window", [2, 7])
@pytest.mark.parametrize("current", [False, True])
def test_it_rolls_as_pandas_does(statistic, window, current):
    step = Rolling(by=("sensor",), windows=(window,), statistics=(statistic,), current=current)
    wanted = by_sensor(MIXED).transform(
        lambda one: getattr(one.shift(0 if current else 1).rolling(window, min_periods=1), statistic)()
    )
    got = step.learn(MIXED).vectors(MIXED)[:, 0]
    assert np.allclose(got, wanted.sort_index(), atol=1e-5, equal_nan=True)


def test_it_forgets_a_far_value_once_it_has_left_the_window():
    batch = hourly([1e17, 1.0, 2.0, 3.0, 4.0])
    rows = Rolling(windows=(2,), statistics=("mean", "std")).learn(batch).vectors(batch)
    assert rows[4].tolist() == pytest.approx([2.5, np.sqrt(0.5)])


def test_it_wants_as_many_values_as_told():
    batch = hourly([1.0, None, 3.0, 4.0])
    rows = Rolling(windows=(3,), statistics=("mean",), min_count=2).learn(batch).vectors(batch)
    assert np.array_equal(rows.ravel(), [np.nan, np.nan, np.nan, 2.0], equal_nan=True)


VALUES = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=2, max_size=25)


@settings(deadline=None)  # the machine may be busy
@given(VALUES, st.data())
def test_it_never_looks_ahead(values, data):
    """Whatever happens from an hour on, the features of that hour and of those before it stay."""
    now = data.draw(st.integers(0, len(values) - 1))
    other = values[:now] + data.draw(
        st.lists(st.floats(-1e9, 1e9), min_size=len(values) - now, max_size=len(values) - now)
    )
    for step in (Lags(lags=(1, 3)), Rolling(windows=(2, 5)), Fourier(), Calendar()):
        learned = step.learn(hourly(values))
        before, after = (learned.vectors(hourly(each))[: now + 1] for each in (values, other))
        assert np.array_equal(before, after, equal_nan=True)


def test_it_gives_a_row_without_a_time_no_past_and_lets_it_be_none():
    batch = hourly([1.0, 2.0, 3.0])
    times = [batch["time"][0], None, batch["time"][2]]
    batch = replace(batch, columns=batch.columns.with_columns(pl.Series("time", times, dtype=pl.Datetime)))
    rows = Lags(lags=(1,)).learn(batch).vectors(batch)
    assert np.array_equal(rows.ravel(), [np.nan, np.nan, 1.0], equal_nan=True)


def test_it_keeps_the_rows_of_a_series_together():
    assert Lags(by=("sensor",)).together == Rolling(by=("sensor",)).together == ("sensor",)


def test_it_reads_the_calendar():
    batch = hourly([0.0] * 30)
    step = Calendar(cyclic=False, holidays=("2024-01-01",))
    assert step.names({}) == ("hour", "weekday", "year_day", "weekend", "holiday")
    rows = step.vectors(batch)
    assert rows[18].tolist() == [18, 1, 1, 0, 1]
    assert rows[25].tolist() == [1, 2, 2, 0, 0]
    saturday = replace(batch, columns=batch.columns.with_columns(pl.col("time") + pl.duration(days=5)))
    assert step.vectors(saturday)[0, 3] == 1


def test_the_calendar_reads_the_clocks_of_train():
    utc = hourly([0.0] * 30)
    utc = utc.with_columns(time=utc["time"].dt.replace_time_zone("UTC"))
    tokyo = utc.with_columns(time=utc["time"].dt.convert_time_zone("Asia/Tokyo"))
    step = Calendar().learn(tokyo)
    assert np.array_equal(step.vectors(utc), step.vectors(tokyo))
    assert not np.array_equal(step.vectors(utc), Calendar().learn(utc).vectors(utc))


def test_it_comes_round_once_a_period():
    batch = hourly([0.0] * 49)
    step = Fourier(periods=("day",), order=2)
    assert step.names({}) == ("day sin1", "day cos1", "day sin2", "day cos2")
    rows = step.vectors(batch)
    assert np.allclose(rows[0], rows[24], atol=1e-6)
    assert np.allclose(rows[6], [1, 0, 0, -1], atol=1e-6)


def test_it_counts_periods_in_the_unit_of_a_column_of_numbers():
    batch = Batch(pl.DataFrame({"time": [0, 1, 4, None]}), np.arange(4), modality="series")
    rows = Fourier(periods=(4,), order=1).vectors(batch)
    assert np.allclose(rows[:3], [[0, 1], [1, 0], [0, 1]], atol=1e-6)
    assert np.isnan(rows[3]).all()
