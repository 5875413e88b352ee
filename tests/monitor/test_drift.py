"""Repeated looks by several detectors keep one promise about false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.core.measure import wilson
from trimtab.monitor import DETECTORS
from trimtab.monitor.drift import SPANS, alpha_at, level_of, look_at
from trimtab.monitor.profile import Profile, Traits


def population(rng: np.random.Generator, rows: int, shift: float = 0.0) -> Traits:
    strange = rng.normal(shift, 1, rows)
    return Traits(
        0.8 - 0.1 * strange,
        np.exp(strange + rng.normal(0, 0.5, rows)),
        np.round(30 + 5 * strange + rng.normal(0, 5, rows)),
        np.clip(np.round(3 + strange), 0, 6).astype(int),
    )


def profile(traits: Traits) -> Profile:
    return Profile(np.empty((0, 1), np.float16), traits, 7)


def test_it_never_spends_more_than_alpha():
    spent = [alpha_at(look, 0.05) for look in range(1, 200_000)]
    assert sum(spent) < 0.05
    assert sum(spent) == pytest.approx(0.05, rel=1e-4)
    assert level_of(1, 0.05) * len(DETECTORS) * len(SPANS) == pytest.approx(spent[0])
    assert level_of(1, 0.05, other_tests=1) < level_of(1, 0.05)


def test_it_looks_at_the_newest_window_and_at_the_newest_eight():
    rng = np.random.default_rng(0)
    windows = [population(rng, 50) for _ in range(9)]
    findings = look_at(profile(population(rng, 200)), windows, 9, 0.05, 0.1)
    assert [one.numbers["requests"] for one in findings] == [50] * 4 + [400] * 4
    assert [one.detector for one in findings[:4]] == list(DETECTORS)


def test_it_looks_once_at_the_first_window():
    rng = np.random.default_rng(0)
    findings = look_at(profile(population(rng, 200)), [population(rng, 50)], 1, 0.05, 0.1)
    assert len(findings) == len(DETECTORS)


def test_it_keeps_false_alarms_over_all_looks_below_alpha_though_the_reference_is_reused():
    rng = np.random.default_rng(0)
    streams, alarms, naive = 150, 0, 0
    for _ in range(streams):
        reference, windows, alarm, careless = profile(population(rng, 300)), [], False, False
        for look in range(1, 9):
            windows.append(population(rng, 100))
            findings = look_at(reference, windows, look, 0.2, least=0.0)
            alarm |= any(one.alarm for one in findings)
            careless |= any(one.p_value < 0.2 for one in findings)
        alarms, naive = alarms + alarm, naive + careless
    assert wilson(alarms, streams).low < 0.2
    assert alarms / streams < 0.2
    assert naive / streams > 0.8  # what repeated looks do without a correction


def test_it_finds_a_lasting_drift_even_late():
    rng = np.random.default_rng(0)
    windows = [population(rng, 500, shift=0.4) for _ in range(8)]
    findings = look_at(profile(population(rng, 1500)), windows, 1000, 0.05, 0.1)
    assert {one.detector for one in findings if one.alarm} == set(DETECTORS)
