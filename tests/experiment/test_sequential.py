"""The difference of two rates may be looked at after every unit."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.core.measure import wilson
from trimtab.experiment.base import Arm
from trimtab.experiment.sequential import FEWEST, Sequential, always_valid_p, difference


def test_it_gives_the_known_interval():
    control, variant = Arm(2500, 500), Arm(2500, 600)
    spread = 501 * 2001 / 2502**2 / 2500 + 601 * 1901 / 2502**2 / 2500
    rho = (-2 * np.log(0.05) + np.log(-2 * np.log(0.05)) + 1) / 5000
    half = np.sqrt(spread * 2 * (5000 * rho + 1) / (5000 * rho) * np.log(np.sqrt(5000 * rho + 1) / 0.05))
    seen = difference(control, variant, 0.05, 5000)
    assert (seen.low, seen.value, seen.high) == pytest.approx((0.04 - half, 0.04, 0.04 + half))
    assert half / np.sqrt(spread) == pytest.approx(
        2.9, abs=0.15
    )  # 1.96 looked at once; the price of any time


def test_its_p_value_and_its_interval_agree():
    for successes in range(500, 700, 5):
        control, variant = Arm(2500, 500), Arm(2500, successes)
        outside = difference(control, variant, 0.05, 5000).low > 0
        assert (always_valid_p(control, variant, 0.05, 5000) < 0.05) == outside


def test_it_says_nothing_before_it_may():
    found = Sequential()(Arm(FEWEST - 1, 0), Arm(FEWEST - 1, FEWEST - 1))
    assert (found.alarm, found.p_value, found.numbers["low"], found.numbers["high"]) == (
        False,
        1.0,
        -1.0,
        1.0,
    )


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.93])
def test_it_errs_no_more_often_than_promised_over_all_looks(rate):
    rng = np.random.default_rng(0)
    streams, units = 1000, 8000
    draws = (rng.random((streams, 2, units)) < rate).cumsum(axis=2, dtype=np.int32)
    looks = np.unique(np.geomspace(FEWEST, units - 1, 60).astype(int))
    ours, fixed = 0, 0
    for control, variant in draws:
        arms = [(Arm(int(at) + 1, int(control[at])), Arm(int(at) + 1, int(variant[at]))) for at in looks]
        ours += any(always_valid_p(a, b, 0.05, 5000) < 0.05 for a, b in arms)
        fixed += any(_fixed_z(a, b) > 1.96 for a, b in arms)
    assert wilson(ours, streams).low < 0.05
    assert ours / streams < 0.06
    assert fixed / streams > 0.2  # the peeking that this test is for


def test_it_finds_a_real_difference():
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(50):
        control, variant = Arm.of(rng.random(8000) < 0.20), Arm.of(rng.random(8000) < 0.24)
        found += Sequential()(control, variant).alarm
    assert found > 45


def _fixed_z(control: Arm, variant: Arm) -> float:
    pooled = (control.successes + variant.successes) / (control.units + variant.units)
    spread = pooled * (1 - pooled) * (1 / control.units + 1 / variant.units)
    return abs(variant.rate - control.rate) / np.sqrt(spread) if spread else 0.0
