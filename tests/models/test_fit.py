"""The training loop: early stopping, resume, events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from learners import CLASSES, rows, small_family
from trimtab.models import fit as loop
from trimtab.models.fit import fit, predict


@pytest.fixture
def family(tmp_path):
    return small_family("static", tmp_path)


def build(family):
    torch.manual_seed(0)
    return family.build(family.blueprint(CLASSES, 0.2), fresh=True)


def settings(family, **more):
    return family.defaults.override({"epochs": 4, "batch_size": 16, "average": 0.9, **more})


class Killed(Exception):
    """Stands for kill -9: nothing after it runs."""


@pytest.mark.parametrize("at", [3, 19, 20, 41])
def test_a_killed_fit_goes_on_to_the_very_same_weights(family, tmp_path, monkeypatch, at):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    train, valid = rows(300), rows(60, seed=1)
    whole = build(family)
    found = fit(whole, train, valid, settings(family), seed=3)

    def kill(event, **numbers):
        if event == "batch_done" and numbers["step"] == at:
            raise Killed

    with pytest.raises(Killed):
        fit(build(family), train, valid, settings(family), 3, tmp_path / "checkpoint", kill)
    resumed = build(family)
    again = fit(resumed, train, valid, settings(family), 3, tmp_path / "checkpoint")
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name
    assert again.history == found.history


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(family):
    def weights(seed):
        network = build(family)
        fit(network, rows(200), rows(60, seed=1), settings(family), seed)
        return predict(network, rows(20, seed=2).tokens)[0]

    np.testing.assert_array_equal(weights(0), weights(0))
    assert (weights(0) != weights(1)).any()


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best_epoch(family):
    network = build(family)
    valid = rows(60, seed=1)
    found = fit(network, rows(300), valid, settings(family, epochs=50, patience=3), seed=0)
    assert len(found.history) < 50
    scores = [epoch["valid_accuracy"] for epoch in found.history]
    assert found.score == max(scores)
    assert (predict(network, valid.tokens)[0].argmax(axis=1) == valid.truth).mean() == max(scores)
    assert scores.index(max(scores)) == len(scores) - 4


def test_without_patience_no_validation_row_has_a_say(family):
    """Whatever the truth of the validation rows, it trains every epoch and keeps the last."""
    valid = rows(60, seed=1)
    weights = []
    for seed in (0, 1):
        mixed = replace(valid, truth=np.random.default_rng(seed).permutation(valid.truth))
        network = build(family)
        found = fit(network, rows(100), mixed, settings(family, epochs=12, patience=0), seed=0)
        assert len(found.history) == 12
        assert found.score == found.history[-1]["valid_accuracy"]
        weights.append(predict(network, valid.tokens)[0])
    np.testing.assert_array_equal(*weights)


def test_it_tells_its_events_in_the_order_of_its_docstring(family):
    told = []
    fit(
        build(family),
        rows(40),
        rows(20, seed=1),
        settings(family, epochs=2),
        0,
        tell=lambda e, **_: told.append(e),
    )
    assert told == ["fit_started", *(["batch_done"] * 3 + ["epoch_done"]) * 2, "fit_done"]


def test_it_leaves_the_callers_random_state_alone(family):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    network = build(family)
    torch.set_rng_state(before)
    fit(network, rows(40), rows(20, seed=1), settings(family, epochs=1), 0)
    assert torch.equal(torch.get_rng_state(), before)
