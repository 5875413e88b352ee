"""The search for a cascade's threshold, and the gate it is part of: how often a run errs, and its power."""

from __future__ import annotations

from itertools import takewhile

import numpy as np
import pytest

from parts.gated import ROWS, World, passes, run_of_worse_models
from trimtab.compress.cascade import THRESHOLDS, answer, choose_threshold
from trimtab.core.gate import CASCADE, ERROR, error_of, level_of
from trimtab.core.measure import paired_drop, wilson


def confident(right, confidence):
    """Probabilities (rows, 3) of which class 0 is the truth."""
    rest = (1 - confidence)[:, None] / 2
    return np.where(np.arange(3) == np.where(right, 0, 1)[:, None], confidence[:, None], rest)


@pytest.fixture
def pair():
    """A student that errs where it doubts, and a teacher that is right in 95 %; class 0 is the truth."""
    rng = np.random.default_rng(0)
    right = rng.random(1000) < 0.95
    doubt = rng.beta(0.3, 3, 1000) / 2
    student = np.where(rng.random(1000) < doubt / 2, ~right, right)
    return confident(student, 1 - doubt), confident(right, np.full(1000, 0.99)), np.zeros(1000, int)


def test_the_student_answers_where_it_is_sure(pair):
    student, teacher, _ = pair
    sure = student.max(axis=1) >= 0.9
    given = answer(student, teacher, 0.9)
    np.testing.assert_array_equal(given[sure], student.argmax(axis=1)[sure])
    np.testing.assert_array_equal(given[~sure], teacher.argmax(axis=1)[~sure])


def test_the_search_ends_with_the_first_threshold_whose_bound_exceeds_the_budget(pair):
    student, teacher, truth = pair
    right = teacher.argmax(axis=1) == truth
    bounds = {
        threshold: paired_drop(right, answer(student, teacher, threshold) == truth, level_of(CASCADE)).high
        for threshold in THRESHOLDS.tolist()
    }
    passed = list(takewhile(lambda threshold: bounds[threshold] <= 0.02, bounds))
    assert 2 < len(passed) < len(bounds)
    found = choose_threshold(student, teacher, teacher, truth, drop=0.02)
    assert (found.threshold, found.bound, found.refused) == (passed[-1], bounds[passed[-1]], None)
    assert found.kept == (student.max(axis=1) >= passed[-1]).mean()


def test_a_student_that_is_sure_and_wrong_answers_nothing(pair):
    _, teacher, truth = pair
    hopeless = confident(np.zeros(1000, bool), np.ones(1000))
    found = choose_threshold(hopeless, teacher, teacher, truth, drop=0.02)
    assert found.refused == "no threshold bounds the loss by 2.00% on 1000 validation rows"
    assert (answer(hopeless, teacher, found.threshold) == teacher.argmax(axis=1)).all()


def test_the_chance_that_a_run_accepts_any_worse_model_is_five_percent():
    rng = np.random.default_rng(0)
    runs = 10_000
    wrong, unshared = np.sum([run_of_worse_models(rng) for _ in range(runs)], axis=0).tolist()
    assert wilson(wrong, runs).high <= ERROR
    assert wilson(wrong, runs).low >= ERROR / 2  # the level is used, not given away
    assert wilson(unshared, runs).low >= 2 * ERROR  # what 5 % for each candidate would do


@pytest.mark.parametrize(
    ("loses", "gains", "least"), [(6 / 3080, 14 / 3080, 0.95), (9 / 3080, 8 / 3080, 0.8)]
)
def test_a_cascade_that_loses_little_is_still_accepted(loses, gains, least):
    """As many rows in 3,080 differ as did on Banking77's test rows; 1,000 judge, one point is allowed."""
    rng = np.random.default_rng(0)
    runs = 1000
    passed = sum(passes(loses, gains, ROWS, level_of(CASCADE), rng) for _ in range(runs))
    assert wilson(passed, runs).low >= least


@pytest.mark.slow
def test_a_threshold_breaks_the_budget_no_oftener_than_its_share_though_temperatures_saw_the_same_rows():
    """The true loss at the chosen threshold, on a population of which 1,000 rows choose both."""
    rng = np.random.default_rng(0)
    repeats, world = 600, World.of(50_000, rng)
    broken = sum(world.breaks(0.005, None, rng) for _ in range(repeats))
    assert wilson(broken, repeats).low <= error_of(CASCADE)
