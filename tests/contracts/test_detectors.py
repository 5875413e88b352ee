"""What every drift detector keeps, whoever wrote it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import numpy as np
import pytest

from trimtab.core.objects import Finding
from trimtab.monitor import DETECTORS
from trimtab.monitor.drift import Detector
from trimtab.monitor.profile import Traits


def traits(rows: int, seed: int = 0, shift: float = 0.0) -> Traits:
    rng = np.random.default_rng(seed)
    strange = rng.normal(shift, 1, rows)
    return Traits(
        0.8 - 0.1 * strange,
        np.exp(strange),
        np.round(30 + 9 * strange),
        np.clip(3 + strange, 0, 6).astype(int),
    )


@pytest.fixture(params=list(DETECTORS))
def detector(request) -> Detector:
    return DETECTORS.load(request.param)(least=0.1)


def test_it_is_called_what_the_registry_calls_it(detector):
    assert DETECTORS.load(detector.name) is type(detector)
    assert type(detector).__doc__


@pytest.mark.parametrize(("reference", "live"), [(0, 0), (0, 50), (50, 0), (1, 1), (50, 1), (50, 2)])
def test_it_raises_no_alarm_over_nothing(detector, reference, live):
    found = detector(traits(reference), traits(live, seed=1), level=0.05)
    assert not found.alarm
    assert 0.05 < found.p_value <= 1


def test_it_raises_no_alarm_over_identical_rows(detector):
    found = detector(traits(400), traits(400), level=0.05)
    assert (found.p_value, found.alarm) == (pytest.approx(1.0), False)


def test_it_raises_an_alarm_over_a_great_change(detector):
    found = detector(traits(400), traits(400, seed=1, shift=1.5), level=1e-6)
    assert found.alarm
    assert found.statistic > 0.3


def test_it_does_not_care_for_the_order_of_rows(detector):
    reference, live = traits(300), traits(200, seed=1, shift=0.3)
    shuffled = live.take(np.random.default_rng(2).permutation(200))
    assert detector(reference, live, 0.05) == detector(reference, shuffled, 0.05)


def test_it_gives_small_p_values_no_more_often_than_it_may(detector):
    small = sum(
        detector(traits(200, 2 * at), traits(100, 2 * at + 1), 0.05).p_value <= 0.05 for at in range(300)
    )
    assert small <= 26  # 15 expected; 26 or more has a chance of 0.5 %


def test_its_finding_is_plain_json(detector):
    found = detector(traits(300), traits(200, seed=1), 0.05)
    assert Finding(**json.loads(json.dumps(asdict(found)))) == found
    assert "\n" not in found.note


def test_it_comes_back_from_json(detector):
    values = {one.name: getattr(detector, one.name) for one in fields(detector)}
    assert type(detector)(**json.loads(json.dumps(values))) == detector
