"""The gate with cascades that look for a threshold: its error rate for a whole run, and its power."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trimtab.compress.cascade import LINES, answer, choose_threshold, temperature
from trimtab.core.budget import GATE_LEVEL, choose
from trimtab.core.gate import CASCADE, CASCADES, ERROR, error_of, level_of
from trimtab.core.measure import paired_drop, wilson
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec
from trimtab.runtime.cascade import calibrate

ROWS, ALLOWED = 1000, 0.01
MEASURED = Measurement(
    accuracy=0.93, accuracy_low=0.92, accuracy_high=0.94,
    p50_ms=4.0, p99_ms=10.0, p99_low_ms=9.0, p99_high_ms=11.0,
    throughput=100.0, throughput_low=95.0, throughput_high=105.0, size_bytes=20_000_000,
    rows=ROWS, samples=2000, rounds=10, threads=2, cpu="cpu",
)  # fmt: skip
DISTANCES = {"ort-int8": 1, "cascade": 2, "cascade-3": 2, "shallow-int8": 3, "student-int8": 4}
CANDIDATES = [
    Candidate(name, Path(name), "onnxrt", at, measured=replace(MEASURED, throughput=float(at)))
    for name, at in DISTANCES.items()
]


def test_the_gate_counts_on_as_many_cascades_as_there_are():
    assert len(LINES) == CASCADES


def test_the_chance_that_a_run_accepts_any_worse_model_is_five_percent():
    """Each cascade, at any threshold, and each student loses just the budget; INT8 loses nothing."""
    rng = np.random.default_rng(0)
    runs, wrong, unshared = 4000, 0, 0
    for _ in range(runs):
        teacher = rng.random(ROWS) < 0.93
        int8 = _differing(teacher, 0.002, 0.002, rng)
        found = [_searched(teacher, ALLOWED, level_of(2), rng) for _ in range(CASCADES)]
        students = [_differing(teacher, 0.005 + ALLOWED, 0.005, rng) for _ in range(2)]
        wrong += bool(_accepted(teacher, [int8, *(one for _, one in found), *students]) - {"ort-int8"})
        branches = [students[0], *(student for student, _ in found)]
        unshared += any(paired_drop(teacher, one, GATE_LEVEL).high <= ALLOWED for one in branches)
    assert wilson(wrong, runs).high <= ERROR
    assert wilson(wrong, runs).low >= ERROR / 2  # the level is used, not given away
    assert wilson(unshared, runs).low >= 2 * ERROR  # what 5 % for each branch would do


@pytest.mark.parametrize(
    ("loses", "gains", "least"), [(6 / 3080, 14 / 3080, 0.95), (9 / 3080, 8 / 3080, 0.8)]
)
def test_a_cascade_that_loses_little_is_still_accepted(loses, gains, least):
    """As many rows in 3,080 differ as did on Banking77's test rows; 1,000 judge, one point is allowed."""
    rng = np.random.default_rng(0)
    runs, passed = 1000, 0
    for _ in range(runs):
        teacher = rng.random(ROWS) < 0.93
        high = paired_drop(teacher, _differing(teacher, loses, gains, rng), level_of(2)).high
        passed += high <= ALLOWED
    assert wilson(passed, runs).low >= least


@pytest.mark.slow
def test_a_threshold_breaks_the_budget_no_oftener_than_its_share_though_temperatures_saw_the_same_rows():
    """The true loss at the chosen threshold, on a population of which 1,000 rows choose both."""
    rng = np.random.default_rng(0)
    drop, broken, repeats = 0.005, 0, 600
    student, teacher, truth = _world(50_000, rng)
    right = teacher.argmax(axis=1) == truth
    for _ in range(repeats):
        sample = rng.integers(len(truth), size=ROWS)
        heat = temperature(student[sample], truth[sample])
        stages = [calibrate(student, heat), teacher]
        choice = choose_threshold([each[sample] for each in stages], teacher[sample], truth[sample], drop)
        if choice.refused is None:
            broken += right.mean() - (answer(stages, choice.threshold) == truth).mean() > drop
    assert wilson(broken, repeats).low <= error_of(CASCADE)


def _accepted(teacher, answers):
    """The candidates that the budget accepts, of those that found a threshold."""
    pairs = [(one, right) for one, right in zip(CANDIDATES, answers, strict=True) if right is not None]
    drops = {one.name: paired_drop(teacher, right, level_of(one.distance)) for one, right in pairs}
    verdict = choose([one for one, _ in pairs], drops, BudgetSpec(accuracy_drop=ALLOWED))
    return {one.name for one, _ in pairs if not verdict.excesses(one.name)}


def _differing(teacher, loses, gains, rng):
    """Whether a model answers each row right that turns these shares of all rows wrong and right."""
    draw = rng.random(len(teacher))
    return np.where(teacher, draw >= loses / 0.93, draw < gains / 0.07)


def _searched(teacher, loses, level, rng):
    """A student that is sure of 60 % of the rows, and its cascade: right or wrong (rows,) of each.

    Where the student is not sure it answers as the teacher does, so the drop is the same at every threshold.
    Class 0 is the truth. A cascade that finds no threshold is None.
    """
    sure = rng.random(len(teacher)) < 0.6
    right = np.where(sure, _differing(teacher, (loses + 0.005) / 0.6, 0.005 / 0.6, rng), teacher)
    student, reference = _probabilities(right, np.where(sure, 0.995, 0.2)), _probabilities(teacher, 1.0)
    truth = np.zeros(len(teacher), dtype=int)
    choice = choose_threshold([student, reference], reference, truth, ALLOWED, level)
    whole = answer([student, reference], choice.threshold) == truth
    return right, None if choice.refused else whole


def _probabilities(right, confidence):
    """Two classes, of which class 0 is right; a confidence below a half is that of none."""
    first = np.where(right, 1.0, 0.0) * confidence
    return np.stack([first, np.where(right, 0.0, 1.0) * confidence], axis=1)


def _world(n, rng):
    """A student twice as sure as it should be, a teacher right in 94 % of the rows, and the truth."""
    truth = rng.integers(2, size=n)
    sure = rng.beta(6, 1, n)
    right = rng.random(n) < 0.5 + sure / 2
    label = np.where(right, truth, 1 - truth)
    student = np.stack([np.where(label == at, 0.5 + sure / 2, 0.5 - sure / 2) for at in (0, 1)], axis=1)
    teacher_label = np.where(rng.random(n) < 0.94, truth, 1 - truth)
    return calibrate(student.astype(np.float32), 0.5), np.eye(2, dtype=np.float32)[teacher_label], truth
