"""What every sampler promises."""

from __future__ import annotations

import pytest

from trimtab.tune import SAMPLERS
from trimtab.tune.sampler import Trial
from trimtab.tune.search import best, search

SPACE = {"rate": ("log", 1e-4, 1e-2), "dropout": ("float", 0.0, 0.5), "size": ("choice", 16, 32, 64)}


def score(parameters):
    """Best at a rate of 1e-3, without dropout."""
    rate, dropout = parameters.get("rate", 5e-3), parameters.get("dropout", 0.3)
    return 1 - abs(rate - 1e-3) * 50 - dropout, 1.0


@pytest.fixture(params=sorted(SAMPLERS))
def sampler(request):
    return request.param


def test_the_first_trial_takes_the_defaults(sampler):
    assert search(score, SPACE, sampler, 1, 100, 0)[0].parameters == {}


def test_proposals_stay_inside_the_space(sampler):
    for trial in search(score, SPACE, sampler, 12, 100, 0)[1:]:
        assert 1e-4 <= trial.parameters["rate"] <= 1e-2 * (1 + 1e-9)
        assert 0 <= trial.parameters["dropout"] <= 0.5
        assert trial.parameters["size"] in (16, 32, 64)


def test_a_search_that_was_killed_asks_again_for_the_same_settings(sampler):
    whole = search(score, SPACE, sampler, 9, 100, seed=4)
    kind = SAMPLERS.load(sampler)
    assert kind(SPACE, 4).propose(whole[:6]) == whole[6].parameters


def test_another_seed_asks_for_other_settings(sampler):
    one, two = (search(score, SPACE, sampler, 4, 100, seed) for seed in (0, 1))
    assert [trial.parameters for trial in one] != [trial.parameters for trial in two]


def test_it_ends_at_the_limit_of_trials_or_of_time(sampler):
    assert len(search(score, SPACE, sampler, 5, 100, 0)) == 5
    assert len(search(score, SPACE, sampler, 50, 3, 0)) == 3


def test_searching_finds_better_than_the_defaults(sampler):
    trials = search(score, SPACE, sampler, 25, 100, 0)
    assert best(trials).score > trials[0].score


def test_of_equal_scores_the_earliest_is_best():
    trials = [Trial(0, {}, 0.5, 1), Trial(1, {"rate": 1}, 0.7, 1), Trial(2, {"rate": 2}, 0.7, 1)]
    assert best(trials).number == 1
