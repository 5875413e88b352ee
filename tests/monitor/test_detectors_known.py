"""Each detector gives the known answer on a known case."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from trimtab.monitor.classes import PredictedClasses, homogeneity
from trimtab.monitor.ks import Entropy, Length, NearestCosine
from trimtab.monitor.profile import Traits

STEPS = np.arange(100)


def traits(values: np.ndarray, predicted: np.ndarray | None = None) -> Traits:
    return Traits(values, values, values, np.zeros(len(values), int) if predicted is None else predicted)


@pytest.mark.parametrize("kind", [Entropy, Length])
def test_it_measures_the_gap_between_two_known_samples(kind):
    found = kind()(traits(STEPS), traits(STEPS + 25), level=0.01)
    assert found.statistic == pytest.approx(0.25)
    assert found.p_value == pytest.approx(0.0033, abs=5e-4)
    assert found.alarm


def test_it_calls_only_farther_texts_novel():
    farther = NearestCosine()(traits(STEPS), traits(STEPS - 25), level=0.01)
    nearer = NearestCosine()(traits(STEPS), traits(STEPS + 25), level=0.01)
    assert farther.statistic == pytest.approx(0.25)
    assert farther.p_value == pytest.approx(np.exp(-2 * 0.25**2 * 50), rel=0.25)  # Smirnov's limit
    assert farther.alarm
    assert (nearer.statistic, nearer.alarm) == (0.0, False)


def test_it_compares_class_counts_as_scipy_does():
    was, now = np.array([30, 30, 40]), np.array([40, 40, 20])
    expected = chi2_contingency(np.stack([was, now]), correction=False)
    value, p, freedom = homogeneity(was, now)
    assert (value, p, freedom) == pytest.approx((expected.statistic, expected.pvalue, expected.dof))


def test_it_pools_rare_classes():
    was = np.array([500, 480, 3, 2, 5, 4, 6])
    now = np.array([250, 240, 1, 2, 3, 2, 2])
    assert homogeneity(was, now)[2] == 2
    assert homogeneity(np.array([9, 1]), np.array([8, 2]))[2] == 0  # nothing is left to compare


def test_it_pools_a_rest_that_is_itself_rare_into_the_rarest_common_class():
    assert homogeneity(np.array([60, 30, 1]), np.array([50, 40, 1]))[2] == 1


def test_it_does_not_care_how_classes_are_numbered():
    rng = np.random.default_rng(0)
    was, now = rng.integers(0, 20, 800), rng.integers(0, 16, 400)
    renamed = rng.permutation(20)
    first = PredictedClasses()(traits(was, was), traits(now, now), 0.01)
    second = PredictedClasses()(traits(was, renamed[was]), traits(now, renamed[now]), 0.01)
    assert first.p_value == pytest.approx(second.p_value)
    assert first.alarm
    assert second.alarm


def test_it_measures_the_effect_as_a_share_of_requests():
    was = np.repeat([0, 1], [5000, 5000])
    now = np.repeat([0, 1], [7000, 3000])
    found = PredictedClasses()(traits(was, was), traits(now, now), 0.01)
    assert found.statistic == pytest.approx(0.2, abs=0.01)  # a fifth of the requests moved


def test_it_ignores_a_shift_too_small_to_matter():
    many = np.linspace(0, 1, 20_000)
    found = Entropy(least=0.1)(traits(many), traits(many + 0.05), level=0.01)
    assert found.p_value < 1e-9
    assert not found.alarm
    assert Entropy(least=0.04)(traits(many), traits(many + 0.05), level=0.01).alarm
