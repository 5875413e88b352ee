"""Each statistic against known values, and the intervals against their promised coverage."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from trimtab.core.measure import (
    _t_quantile,
    block_bootstrap,
    bootstrap,
    exact_mcnemar,
    paired_drop,
    quantile_interval,
    wilson,
)

RNG = np.random.default_rng(5)


def rows_of(both, only_a, only_b, neither):
    a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    return a, b


@pytest.mark.parametrize(
    ("only_a", "only_b", "p_value"),
    [(0, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (1, 1, 1.0), (10, 2, 0.03857421875), (12, 3, 0.03515625)],
)
def test_it_gives_the_exact_mcnemar_p_value(only_a, only_b, p_value):
    assert exact_mcnemar(only_a, only_b) == pytest.approx(p_value)


@pytest.mark.parametrize(
    ("cells", "low", "high"), [((59, 6, 16, 80), -0.1240, -0.0054), ((1, 1, 7, 12), -0.517, -0.026)]
)
def test_it_gives_tangos_published_interval(cells, low, high):
    """Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, chapter 8."""
    found = paired_drop(*rows_of(*cells))
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.999))
def test_its_interval_excludes_no_drop_exactly_when_mcnemars_chi_square_does(only_a, only_b, level):
    z = NormalDist().inv_cdf((1 + level) / 2)
    excess = abs(only_a - only_b) - z * np.sqrt(only_a + only_b)
    assume(abs(excess) > 1e-6)
    found = paired_drop(*rows_of(50, only_a, only_b, 30), level)
    assert (found.low > 0 or found.high < 0) == (excess > 0)


@pytest.mark.parametrize(("level", "promised"), [(0.90, 0.05), (0.92, 0.04), (0.98, 0.01)])
def test_its_upper_bound_errs_no_oftener_than_promised(level, promised):
    """Also when rows differ in one direction only: where Newcombe's interval errs in 6.6 % for 5 %."""
    for gained in (0.0, 0.004, 0.02):
        counts = RNG.multinomial(1000, [0.93 - 0.01 - gained, 0.01 + gained, gained, 0.07 - gained], 3000)
        wrong = sum(paired_drop(*rows_of(*each), level).high <= 0.01 for each in counts)
        assert wilson(wrong, 3000).low <= promised


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(any))
def test_it_mirrors_when_the_models_are_swapped(cells):
    both, only_a, only_b, neither = cells
    there, back = paired_drop(*rows_of(*cells)), paired_drop(*rows_of(both, only_b, only_a, neither))
    assert there.drop == -back.drop
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert -1 <= there.low <= there.drop + 1e-12 <= there.high + 2e-12 <= 1 + 1e-9


def test_it_covers_the_true_drop_as_often_as_promised():
    hits = 0
    for _ in range(1000):
        a = RNG.random(300) < 0.93
        b = np.where(RNG.random(300) < 0.04, RNG.random(300) < 0.5, a)
        found = paired_drop(a, b)
        hits += found.low <= 0.04 * (0.93 - 0.5) <= found.high
    assert hits >= 930


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_gives_wilsons_published_interval(successes, n, low, high):
    found = wilson(successes, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_it_knows_nothing_of_no_rows():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


def test_its_bootstrap_covers_the_true_accuracy_as_often_as_promised():
    hits = 0
    for seed in range(300):
        found = bootstrap((RNG.random(400) < 0.9).astype(float), repeats=300, seed=seed)
        hits += found.low <= 0.9 <= found.high
    assert hits >= 270


def test_its_bootstrap_is_the_same_for_the_same_seed():
    rows = RNG.random(50)
    assert bootstrap(rows, seed=3) == bootstrap(rows, seed=3)


@pytest.mark.parametrize("freedom", [5, 9, 30])
def test_its_quantile_of_students_t_is_that_of_scipy(freedom):
    assert _t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=2e-3)


@pytest.mark.parametrize(("drift", "promised", "naive_at_most"), [(0.0, 0.93, 1.0), (0.2, 0.90, 0.82)])
def test_its_block_bootstrap_covers_the_p99_though_whole_rounds_differ(drift, promised, naive_at_most):
    """Ten rounds of 200 lognormal latencies, each slower or faster as a whole, as on a shared machine."""
    true, runs = np.exp(stats.norm.ppf(0.99) * np.hypot(0.4, drift)), 300
    hits = naive = 0
    for _ in range(runs):
        pace = RNG.normal(scale=drift, size=(10, 1))
        rounds = np.exp(pace + RNG.normal(scale=0.4, size=(10, 200)))
        found = block_bootstrap(list(rounds), lambda times: float(np.quantile(times, 0.99)), repeats=200)
        hits += found.low <= true <= found.high
        single = quantile_interval(rounds.ravel(), 0.99)
        naive += single.low <= true <= single.high
    assert wilson(hits, runs).high >= promised
    assert wilson(naive, runs).low <= naive_at_most


def test_its_block_bootstrap_covers_the_median_of_few_windows_as_often_as_promised():
    hits, runs = 0, 300
    for _ in range(runs):
        windows = [np.array([value]) for value in RNG.lognormal(sigma=0.2, size=10)]
        found = block_bootstrap(windows, lambda values: float(np.median(values)), repeats=200)
        hits += found.low <= 1 <= found.high
    assert wilson(hits, runs).high >= 0.95


@pytest.mark.parametrize(("q", "n"), [(0.5, 200), (0.99, 1000), (0.99, 2000)])
def test_its_quantile_interval_covers_the_true_quantile_as_often_as_promised(q, n):
    true = -np.log(1 - q)
    found = [quantile_interval(RNG.exponential(size=n), q) for _ in range(500)]
    assert sum(each.low <= true <= each.high for each in found) >= 465


def test_its_quantile_interval_ends_at_the_largest_sample_when_there_are_few():
    times = RNG.random(50)
    assert quantile_interval(times, 0.99).high == times.max()
