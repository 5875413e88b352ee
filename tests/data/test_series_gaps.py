"""Gaps of series: pandas' and SciPy's answers, the borders of series, and nothing from the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import ConfigError, DataError
from trimtab.core.objects import Batch
from trimtab.data.interpolate import Interpolate
from trimtab.data.rolling_impute import RollingImpute

RNG = np.random.default_rng(0)
VALUES = np.where(RNG.random(120) < 0.4, np.nan, RNG.normal(size=120).cumsum())
TIME = np.cumsum(RNG.integers(1, 6, 120))
PANDAS = {"linear": "linear", "time": "index", "pchip": "pchip", "spline": "cubicspline"}
CAUSAL = (
    Interpolate(),
    Interpolate(limit=2),
    Interpolate(method="seasonal", period=3),
    RollingImpute(window=3),
    RollingImpute(statistic="median", window=3, limit=1),
)
WHOLE = (
    *(Interpolate(method=method, live=False, period=4) for method in (*PANDAS, "seasonal", "backward")),
    RollingImpute(live=False),
)


def series(values, time=None, **more) -> Batch:
    time = list(range(len(values))) if time is None else time
    frame = pl.DataFrame({"time": time, "value": pl.Series(values, dtype=pl.Float64), **more}, strict=False)
    return Batch(frame.with_columns(pl.col("value").fill_nan(None)), np.arange(len(values)), "series")


def numbers(batch: Batch) -> np.ndarray:
    return batch["value"].fill_null(np.nan).to_numpy()


@pytest.mark.parametrize("method", PANDAS)
def test_it_fills_inside_gaps_as_pandas_does(method):
    held = pd.Series(VALUES, index=TIME)
    expected = held.interpolate(PANDAS[method], limit_area="inside").to_numpy()
    got = numbers(Interpolate(method=method, live=False)(series(VALUES, TIME.tolist())))
    assert got == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_it_fills_forward_and_backward_as_pandas_does(limit):
    held = pd.Series(VALUES)
    forward = numbers(Interpolate(limit=limit)(series(VALUES)))
    backward = numbers(Interpolate(method="backward", live=False, limit=limit)(series(VALUES)))
    assert forward == pytest.approx(held.ffill(limit=limit).to_numpy(), nan_ok=True)
    assert backward == pytest.approx(held.bfill(limit=limit).to_numpy(), nan_ok=True)


def test_it_stops_at_the_limit_as_pandas_does():
    expected = pd.Series(VALUES).interpolate("linear", limit=2, limit_area="inside").to_numpy()
    got = numbers(Interpolate(method="linear", live=False, limit=2)(series(VALUES)))
    assert got == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_it_fills_by_the_last_values_as_pandas_rolls_them(statistic):
    held = pd.Series(VALUES)
    last = getattr(held.dropna().rolling(4, min_periods=1), statistic)().reindex(held.index).ffill()
    got = numbers(RollingImpute(statistic=statistic, window=4)(series(VALUES)))
    assert got == pytest.approx(held.fillna(last).to_numpy(), nan_ok=True)


def test_it_fills_by_both_sides_when_it_is_not_live():
    values = [1.0, 2.0, None, None, 6.0, 9.0]
    got = numbers(RollingImpute(window=4, live=False)(series(values)))
    assert got.tolist() == [1.0, 2.0, 4.5, 4.5, 6.0, 9.0]
    assert numbers(RollingImpute(live=False, limit=1)(series(values)))[3:4] == pytest.approx(
        [np.nan], nan_ok=True
    )


def test_it_fills_a_season_with_a_trend():
    clock = np.arange(96)
    truth = np.sin(clock * 2 * np.pi / 12) * 5 + clock * 0.1
    held = truth.copy()
    held[40:46] = np.nan
    error = {
        method: np.abs(numbers(Interpolate(method=method, live=False, period=12)(series(held))) - truth).max()
        for method in ("linear", "seasonal")
    }
    assert error["seasonal"] < 0.2 * error["linear"]


def test_it_takes_the_value_of_a_season_ago_when_it_is_live():
    values = [1.0, 2.0, 3.0, None, None, 6.0, None, 8.0, None]
    got = numbers(Interpolate(method="seasonal", period=3)(series(values)))
    assert got.tolist() == [1.0, 2.0, 3.0, 1.0, 2.0, 6.0, 1.0, 8.0, 6.0]


@pytest.mark.parametrize("step", CAUSAL)
@given(values=st.lists(st.none() | st.floats(-9, 9), min_size=1, max_size=12), until=st.integers(1, 12))
def test_it_never_looks_ahead_when_it_is_live(step, values, until):
    whole = step(series(values))["value"].to_list()
    assert step(series(values[:until]))["value"].to_list() == whole[:until]


@pytest.mark.parametrize("method", ["linear", "time", "pchip", "spline", "backward"])
def test_it_refuses_to_be_live_where_it_would_have_to_look_ahead(method):
    with pytest.raises(ConfigError, match=f"method {method} needs the value after the gap"):
        Interpolate(method=method)


def test_it_wants_to_know_the_period_of_a_season():
    with pytest.raises(ConfigError, match="method seasonal has no period"):
        Interpolate(method="seasonal")


@pytest.mark.parametrize("step", [*CAUSAL, *WHOLE], ids=str)
def test_it_never_crosses_the_border_of_a_series(step):
    gaps = [*VALUES[:59].tolist(), None, None, *(VALUES[60:] + 1000).tolist()]
    names = ["b"] * 60 + ["a"] * (len(gaps) - 60)
    apart = type(step)(**step.state() | {"by": ("sensor",)})
    whole = numbers(apart(series(gaps, sensor=names)))
    first = numbers(step(series(gaps[:60], sensor=names[:60])))
    second = numbers(step(series(gaps[60:], sensor=names[60:])))
    assert whole == pytest.approx(np.concatenate([first, second]), nan_ok=True)


@pytest.mark.parametrize("step", [*CAUSAL, *WHOLE], ids=str)
def test_it_changes_no_value_and_no_row_without_a_time(step):
    time = [None if at % 10 == 3 else at for at in range(len(VALUES))]
    batch = series(VALUES, time)
    after = step(batch)
    there = batch["value"].is_not_null()
    assert after["value"].filter(there).equals(batch["value"].filter(there))
    assert after["value"][3] == batch["value"][3]


@pytest.mark.parametrize("step", [*CAUSAL, *WHOLE], ids=str)
def test_an_infinite_value_is_there_and_stays_and_nothing_is_filled_from_it(step):
    far = VALUES.copy()
    far[[20, 21, 50]] = [np.inf, np.inf, -np.inf]
    blank = np.where(np.isinf(far), np.nan, far)
    got, other = numbers(step(series(far))), numbers(step(series(blank)))
    assert got.tolist() == pytest.approx(np.where(np.isinf(far), far, other).tolist(), nan_ok=True)
    assert np.isfinite(other).sum() > np.isfinite(blank).sum()


@pytest.mark.parametrize("step", [Interpolate(), RollingImpute(window=1)], ids=str)
@pytest.mark.parametrize("kind", [pl.Float64, pl.Float32])
def test_both_steps_take_nan_and_null_for_missing_and_infinity_for_a_value(step, kind):
    values = pl.Series([1.0, None, float("inf"), float("nan"), 3.0, float("-inf"), None], dtype=kind)
    rows = Batch(pl.DataFrame({"time": range(7), "value": values}), np.arange(7), "series")
    made = step(rows)["value"]
    assert made.to_list() == [1.0, 1.0, float("inf"), 1.0, 3.0, float("-inf"), 3.0]
    assert made.dtype == kind


def test_it_reads_dates_as_time():
    days = [date(2024, 1, 1) + timedelta(days=at) for at in (0, 1, 4)]
    got = numbers(Interpolate(method="time", live=False)(series([0.0, None, 8.0], days)))
    assert got.tolist() == [0.0, 2.0, 8.0]


@pytest.mark.parametrize("step", [Interpolate(), RollingImpute()])
def test_it_rounds_no_large_integer(step):
    batch = Batch(pl.DataFrame({"t": [1, 2], "n": [2**60 + 1, None]}), np.arange(2))
    step = replace(step, time="t", columns=("n",))
    with pytest.raises(DataError, match="column 'n' holds integers beyond"):
        step.learn(batch)(batch)
