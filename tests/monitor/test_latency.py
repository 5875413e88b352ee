"""The p99 of served requests is tested against the budget."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from trimtab.core.measure import wilson
from trimtab.monitor.latency import slow_tail


def test_it_counts_the_requests_over_the_budget():
    times = np.array([5.0] * 480 + [40.0] * 20)
    found = slow_tail(times, budget_ms=15, level=0.001)
    assert found.p_value == pytest.approx(binom.sf(19, 500, 0.01))
    assert found.alarm
    assert found.statistic == 40
    assert (found.numbers["slow"], found.numbers["low_ms"], found.numbers["high_ms"]) == (20, 40, 40)


def test_it_accepts_a_tail_that_the_budget_allows():
    found = slow_tail(np.array([5.0] * 494 + [40.0] * 6), budget_ms=15, level=0.05)
    assert not found.alarm  # 6 of 500 is what a p99 just within the budget often gives


def test_it_says_nothing_of_no_requests():
    found = slow_tail(np.empty(0), budget_ms=15, level=0.05)
    assert (found.p_value, found.alarm) == (1.0, False)


def test_it_errs_no_more_often_than_promised():
    rng = np.random.default_rng(0)
    budget = float(np.exp(2.3263478740408408))  # the true p99 of a log-normal
    alarms = sum(slow_tail(np.exp(rng.normal(0, 1, 300)), budget, 0.05).alarm for _ in range(400))
    assert wilson(alarms, 400).low <= 0.05
