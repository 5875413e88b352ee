"""Nothing is promoted on "no harm was found"."""

from __future__ import annotations

import numpy as np

from trimtab.core.measure import wilson
from trimtab.experiment.base import Arm
from trimtab.experiment.guardrail import Guardrail


def test_it_does_not_pass_on_too_little_evidence():
    found = Guardrail(margin=0.01)(Arm(500, 465), Arm(500, 465))
    assert (found.alarm, found.numbers["passed"]) == (False, 0.0)
    assert "not settled yet" in found.note


def test_it_passes_once_harm_beyond_the_margin_is_ruled_out():
    found = Guardrail(margin=0.02)(Arm(20_000, 18_600), Arm(20_000, 18_610))
    assert (found.alarm, found.numbers["passed"]) == (False, 1.0)


def test_it_raises_the_alarm_at_harm_beyond_the_margin():
    found = Guardrail(margin=0.01)(Arm(5000, 4650), Arm(5000, 4300))
    assert found.alarm
    assert found.p_value < 0.05
    assert found.statistic > 0.06


def test_it_lets_harm_beyond_the_margin_pass_no_more_often_than_promised():
    rng = np.random.default_rng(0)
    passed, streams = 0, 300
    for _ in range(streams):
        control, variant = Arm(), Arm()
        for _ in range(20):
            control += Arm(500, int(rng.binomial(500, 0.93)))
            variant += Arm(500, int(rng.binomial(500, 0.91)))
            if Guardrail(margin=0.02)(control, variant).numbers["passed"]:
                passed += 1
                break
    assert wilson(passed, streams).low < 0.05
