"""The gate with cascades that look for a threshold: its error rate for a whole run, and its power."""

from __future__ import annotations

import numpy as np
import pytest

from parts.gated import ROWS, World, passes, run_of_worse_models
from trimtab.compress.cascade import LINES
from trimtab.core.gate import CASCADE, CASCADES, ERROR, error_of, level_of
from trimtab.core.measure import wilson


def test_the_gate_counts_on_as_many_cascades_as_there_are():
    assert len(LINES) == CASCADES


def test_the_chance_that_a_run_accepts_any_worse_model_is_five_percent():
    rng = np.random.default_rng(0)
    runs = 4000
    wrong, unshared = np.sum([run_of_worse_models(rng) for _ in range(runs)], axis=0).tolist()
    assert wilson(wrong, runs).high <= ERROR
    assert wilson(wrong, runs).low >= ERROR / 2  # the level is used, not given away
    assert wilson(unshared, runs).low >= 2 * ERROR  # what 5 % for each branch would do


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
