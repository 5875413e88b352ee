"""The Kolmogorov-Smirnov test is exact at every size: known values, SciPy where SciPy is exact, its level."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from trimtab.core.measure import wilson
from trimtab.monitor.ks import Side, chance_of_gap, ks

SIDES: tuple[Side, ...] = ("two-sided", "less", "greater")


@pytest.mark.parametrize(("n", "gap"), [(10, 7), (12, 8), (20, 10), (500, 40)])
def test_it_gives_the_two_sided_chances_of_gnedenko_and_korolyuk(n, gap):
    """A known series (1951) for two samples of n rows; 10 rows at a gap of 0.7 have p = 0.0123."""
    ways = [(-1) ** (k - 1) * comb(2 * n, n - k * gap) for k in range(1, n // gap + 1)]
    assert chance_of_gap(n, n, gap * n, two_sided=True) == pytest.approx(2 * sum(ways) / comb(2 * n, n))


@pytest.mark.parametrize("gap", [1, 20, 60, 90, 140])
def test_it_keeps_its_digits_far_out_in_the_tail(gap):
    """Gnedenko and Korolyuk (1951): the one-sided chance for two samples of n rows."""
    n = 500
    expected = comb(2 * n, n - gap) / comb(2 * n, n)
    assert chance_of_gap(n, n, gap * n, two_sided=False) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("two_sided", [True, False])
def test_it_counts_every_order_of_small_samples(two_sided):
    n, m = 3, 5
    widest = []
    for places in combinations(range(n + m), n):
        steps = np.full(n + m, -n)
        steps[list(places)] = m
        ahead = steps.cumsum()
        widest.append(np.abs(ahead).max() if two_sided else ahead.max())
    for gap in range(n * m + 1):
        expected = np.mean(np.array(widest) >= gap)
        assert chance_of_gap(n, m, gap, two_sided) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("rows", "live"), [(1, 7), (3, 5), (20, 30), (100, 77), (50, 200)])
@pytest.mark.parametrize("side", SIDES)
def test_it_agrees_with_scipy_where_scipy_is_exact(rows, live, side):
    rng = np.random.default_rng(rows)
    for shift in (0.0, 0.3, 0.6):
        was, now = rng.normal(0, 1, rows), rng.normal(shift, 1, live)
        expected = ks_2samp(now, was, alternative=side, method="exact")
        assert ks(was, now, side) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-6)


def test_it_knows_the_smallest_gap_that_scipy_gives_up_on():
    with pytest.warns(RuntimeWarning, match="Exact calculation unsuccessful"):
        ks_2samp(np.arange(5.0), np.arange(5) + 0.5, method="exact")
    gap, p = ks(np.arange(5.0), np.arange(5) + 0.5)
    assert (gap, p) == (0.2, pytest.approx(1.0))


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
)
def test_it_is_the_same_test_from_both_sides(was, now):
    there, back = ks(np.array(was), np.array(now)), ks(np.array(now), np.array(was))
    assert there == pytest.approx(back, rel=1e-9)
    assert 0 < there[1] <= 1
    less, greater = (ks(np.array(was), np.array(now), side)[0] for side in ("less", "greater"))
    assert there[0] == max(less, greater)


@pytest.mark.parametrize(("rows", "live"), [(30, 50), (500, 500), (1000, 500)])
@pytest.mark.parametrize("side", ["two-sided", "greater"])
def test_it_keeps_its_level(rows, live, side):
    rng = np.random.default_rng(0)
    draws, level = 2000, 0.05
    small = sum(ks(rng.random(rows), rng.random(live), side)[1] <= level for _ in range(draws))
    seen = wilson(small, draws, 0.999)
    assert seen.low <= level
    assert seen.high > 0.8 * level  # exact, so not far below it either


def test_ties_err_to_the_safe_side():
    rng = np.random.default_rng(0)
    small = sum(ks(rng.integers(0, 8, 300), rng.integers(0, 8, 200))[1] <= 0.05 for _ in range(1000))
    assert wilson(small, 1000, 0.999).low <= 0.05
