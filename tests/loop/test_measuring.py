"""What becomes of the rounds in which candidates are measured."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.loop.measuring import REQUESTS, ROUNDS, Round, measurement, order_of

RNG = np.random.default_rng(0)


def rounds(paces, rates):
    times = RNG.lognormal(sigma=0.4, size=(len(paces), REQUESTS))
    return [
        Round({"a": (pace * found).tolist()}, {"a": rate}, 1.0)
        for pace, found, rate in zip(paces, times, rates, strict=True)
    ]


def test_each_candidate_comes_first_and_last_as_often_as_the_others():
    names = ["a", "b", "c", "d"]
    orders = [order_of(names, number) for number in range(8)]
    assert all(sorted(order) == names for order in orders)
    for at in (0, -1):
        assert sorted(order[at] for order in orders) == sorted(names * 2)


def test_a_stalled_round_moves_the_median_throughput_little():
    rates = [100.0, 101, 99, 100, 102, 98, 100, 101, 99, 5]
    found = measurement("a", rounds([1.0] * ROUNDS, rates), np.ones(50, bool), 10)
    assert found.throughput == 100
    assert 97 < found.throughput_low <= 100 <= found.throughput_high < 103
    assert (found.rounds, found.samples) == (ROUNDS, ROUNDS * REQUESTS)


def test_its_p99_is_less_certain_when_rounds_differ():
    steady, unsteady = (
        measurement("a", rounds(paces, [100.0] * ROUNDS), np.ones(50, bool), 10)
        for paces in ([1.0] * ROUNDS, np.exp(RNG.normal(scale=0.4, size=ROUNDS)))
    )
    assert steady.p99_low_ms < steady.p99_ms < steady.p99_high_ms
    share = [(one.p99_high_ms - one.p99_low_ms) / one.p99_ms for one in (steady, unsteady)]
    assert share[1] > 1.5 * share[0]


def test_its_accuracy_is_that_of_the_answers():
    right = np.arange(200) % 10 > 0
    found = measurement("a", rounds([1.0] * ROUNDS, [1.0] * ROUNDS), right, 10)
    assert found.accuracy == pytest.approx(0.9)
    assert found.accuracy_low < 0.9 < found.accuracy_high
    assert (found.rows, found.size_bytes) == (200, 10)
