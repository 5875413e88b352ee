"""The Hampel filter: neighbours in time, within one series, not ahead when served live."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import median_abs_deviation

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.hampel import Hampel


def series(values, sensor=None, time=None) -> Batch:
    n = len(values)
    columns = {"time": time or list(range(n)), "sensor": sensor or ["a"] * n, "value": values}
    return Batch(pl.DataFrame(columns, strict=False), np.arange(n), "series")


def outside(values: np.ndarray, before: int, after: int, limit: float = 3.0) -> list[bool]:
    """The definition, value by value."""
    found = []
    for at, value in enumerate(values):
        near = values[max(at - before, 0) : at + after + 1]
        found.append(bool(abs(value - np.median(near)) > limit * median_abs_deviation(near, scale="normal")))
    return found


@pytest.mark.parametrize(("live", "before", "after"), [(True, 10, 0), (False, 5, 5)])
def test_it_judges_by_the_median_and_deviation_of_the_window(live, before, after):
    values = np.random.default_rng(1).standard_t(2, 400).cumsum()
    got = Hampel(action="flag", live=live)(series(values))["value_outlier"].to_list()
    assert got == outside(values, before, after)
    assert any(got)


def test_it_does_not_look_ahead_when_it_is_live():
    values = np.random.default_rng(2).standard_t(2, 100)
    whole = Hampel(action="flag")(series(values))["value_outlier"].to_list()
    for until in (1, 17, 60):
        assert Hampel(action="flag")(series(values[:until]))["value_outlier"].to_list() == whole[:until]


def test_it_never_looks_across_the_border_of_a_series():
    calm = [1.0, 1.1, 0.9] * 10
    high = [501.0, 501.1, 500.9] * 10
    both = series(calm + high, ["a"] * 30 + ["b"] * 30)
    assert not any(Hampel(by=("sensor",), action="flag")(both)["value_outlier"])
    assert any(Hampel(action="flag")(both)["value_outlier"])


def test_it_orders_by_time_and_passes_over_missing_values_and_rows_without_a_time():
    values = [1.0, 1.1, None, 0.9, 30.0, float("nan"), 1.0, 1.2]
    batch = series(values, time=[7, 6, 5, 4, 3, 2, 1, None])
    after = Hampel(live=False, action="drop")(batch)
    assert [drop.id for drop in after.dropped] == [4]
    assert after.dropped[0].reason.startswith("value 30 is outside")
    assert "neighbours in time (hampel)" in after.dropped[0].reason


def test_it_blanks_or_clips_the_value():
    values = [1.0, 1.1, 0.9, 1.0, 30.0, 1.0, 1.1]
    assert Hampel(live=False)(series(values))["value"].to_list() == [*values[:4], None, *values[5:]]
    clipped = Hampel(live=False, action="clip")(series(values))["value"][4]
    assert 1.1 < clipped < 2


@pytest.mark.parametrize("live", [True, False])
def test_it_finds_every_infinite_value_and_lets_none_of_them_judge_the_others(live):
    rng = np.random.default_rng(3)
    values = rng.standard_t(2, 60)
    infinite = [0, 1, 17, 30, 31, 59]
    with_gaps = [None if at in infinite else value for at, value in enumerate(values)]
    values[infinite] = np.inf, -np.inf, np.inf, -np.inf, np.inf, -np.inf
    step = Hampel(live=live, window=5, action="flag")
    wanted = step(series(with_gaps))["value_outlier"].to_numpy().copy()
    assert not wanted[infinite].any()
    wanted[infinite] = True
    assert step(series(values))["value_outlier"].to_list() == wanted.tolist()
    assert Hampel(live=live, action="null")(series(values))["value"].drop_nulls().is_finite().all()


def test_it_clips_an_infinite_value_to_what_is_usual_and_blanks_it_where_nothing_is():
    infinity = float("inf")
    values = [-infinity, 1.0, 1.1, 0.9, infinity, 1.0, 400.0]
    clipped = Hampel(action="clip")(series(values, time=[1, 2, 3, 4, 5, 6, None]))["value"].to_list()
    assert clipped[0] is None
    assert 1.1 < clipped[4] < 2
    assert clipped[5:] == [1.0, 400.0]  # what has no time has no neighbours
    dropped = Hampel(action="drop")(series(values)).dropped
    assert [drop.id for drop in dropped] == [0, 4, 6]
    assert dropped[0].reason == "value is -inf (hampel)"
    assert dropped[1].reason.startswith("value inf is outside 0.")


def test_it_is_not_done_when_it_is_done_once():
    """A blanked value leaves the windows of its neighbours, which may then stand out themselves."""
    values = [4.0, 11.0, 11.0, 3.0, 4.0, 3.0, 3.0]
    step = Hampel(live=False, window=5)
    once = step(series(values))
    assert step(once)["value"].null_count() > once["value"].null_count()


def test_it_refuses_a_time_that_has_no_order():
    batch = series([1.0], time=["monday"])
    with pytest.raises(
        DataError, match="column 'time' holds text, not dates, durations, numbers or times of day"
    ):
        Hampel()(batch)
