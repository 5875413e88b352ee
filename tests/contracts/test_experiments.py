"""What every comparison of two arms keeps, whoever wrote it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import numpy as np
import pytest

from trimtab.core.objects import Finding
from trimtab.experiment import EXPERIMENTS
from trimtab.experiment.base import Arm, Comparison


@pytest.fixture(params=list(EXPERIMENTS))
def experiment(request) -> Comparison:
    return EXPERIMENTS.load(request.param)()


def test_it_is_called_what_the_registry_calls_it(experiment):
    assert EXPERIMENTS.load(experiment.name) is type(experiment)
    assert type(experiment).__doc__


@pytest.mark.parametrize("units", [(0, 0), (1, 0), (0, 1), (1, 1), (3, 2)])
def test_it_raises_no_alarm_over_nothing(experiment, units):
    found = experiment(Arm(units[0]), Arm(units[1], units[1]))
    assert not found.alarm
    assert 0 <= found.p_value <= 1


@pytest.mark.parametrize("successes", [0, 1, 930, 1000])
def test_it_raises_no_alarm_over_identical_arms(experiment, successes):
    found = experiment(Arm(1000, successes), Arm(1000, successes))
    assert (found.alarm, found.p_value) == (False, 1.0)


def test_it_does_not_care_for_the_order_of_rows(experiment):
    rng = np.random.default_rng(0)
    control, variant = rng.random(900) < 0.5, rng.random(1100) < 0.6
    once = experiment(Arm.of(control), Arm.of(variant))
    again = experiment(Arm.of(rng.permutation(control)), Arm.of(rng.permutation(variant)))
    assert once == again


def test_it_raises_an_alarm_over_what_it_is_for(experiment):
    assert experiment(Arm(10_000, 9000), Arm(8000, 5000)).alarm


def test_its_finding_is_plain_json(experiment):
    found = experiment(Arm(10_000, 9000), Arm(9500, 8500))
    assert Finding(**json.loads(json.dumps(asdict(found)))) == found
    assert "\n" not in found.note


def test_it_comes_back_from_json(experiment):
    values = {one.name: getattr(experiment, one.name) for one in fields(experiment)}
    assert type(experiment)(**json.loads(json.dumps(values))) == experiment


def test_it_refuses_impossible_arms():
    with pytest.raises(ValueError, match="3 successes of 2 units"):
        Arm(2, 3)
