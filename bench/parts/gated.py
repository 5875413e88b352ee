"""Simulated runs of the accuracy gate: models whose true drop is known, and what the gate makes of them.

Answers stand for rows of a validation set, right or wrong; a cascade searches its threshold on them as
`trimtab.compress.cascade` does. tests/compress/test_cascade.py bounds what bench/gate.py measures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trimtab.compress.cascade import answer, choose_threshold, temperature
from trimtab.core.budget import GATE_LEVEL, choose
from trimtab.core.gate import level_of
from trimtab.core.measure import paired_drop
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec
from trimtab.runtime.cascade import calibrate

ROWS, ALLOWED = 1000, 0.01
ACCURACY = 0.93
MEASURED = Measurement(
    accuracy=0.93, accuracy_low=0.92, accuracy_high=0.94,
    p50_ms=4.0, p99_ms=10.0, p99_low_ms=9.0, p99_high_ms=11.0,
    throughput=100.0, throughput_low=95.0, throughput_high=105.0, size_bytes=20_000_000,
    rows=ROWS, samples=2000, rounds=10, threads=2, cpu="cpu",
)  # fmt: skip
DISTANCES = {"ort-int8": 1, "cascade": 2, "shallow-int8": 3, "student-int8": 4}
CANDIDATES = [
    Candidate(name, Path(name), "onnxrt", at, measured=replace(MEASURED, throughput=float(at)))
    for name, at in DISTANCES.items()
]


def run_of_worse_models(rng: np.random.Generator) -> tuple[bool, bool]:
    """A run in which the cascade, at any threshold, and each student lose just the budget; INT8 nothing.

    Returns whether any of them passes, and whether one would if each candidate were tested at 5 %.
    """
    teacher = rng.random(ROWS) < ACCURACY
    int8 = differing(teacher, 0.002, 0.002, rng)
    front, cascade = _searched(teacher, ALLOWED, rng)
    students = [differing(teacher, 0.005 + ALLOWED, 0.005, rng) for _ in range(2)]
    wrong = _accepted(teacher, [int8, cascade, *students]) - {"ort-int8"}
    unshared = any(paired_drop(teacher, one, GATE_LEVEL).high <= ALLOWED for one in (front, *students))
    return bool(wrong), unshared


def passes(loses: float, gains: float, rows: int, level: float, rng: np.random.Generator) -> bool:
    """Whether a model that differs from its teacher on these shares of all rows passes the gate."""
    teacher = rng.random(rows) < ACCURACY
    return paired_drop(teacher, differing(teacher, loses, gains, rng), level).high <= ALLOWED


def differing(teacher: np.ndarray, loses: float, gains: float, rng: np.random.Generator) -> np.ndarray:
    """Whether a model answers each row right that turns these shares of all rows wrong and right."""
    draw = rng.random(len(teacher))
    return np.where(teacher, draw >= loses / ACCURACY, draw < gains / (1 - ACCURACY))


def _accepted(teacher: np.ndarray, answers: list[np.ndarray | None]) -> set[str]:
    """The candidates that the budget accepts, of those that found a threshold."""
    pairs = [(one, right) for one, right in zip(CANDIDATES, answers, strict=True) if right is not None]
    drops = {one.name: paired_drop(teacher, right, level_of(one.distance)) for one, right in pairs}
    verdict = choose([one for one, _ in pairs], drops, BudgetSpec(accuracy_drop=ALLOWED))
    return {one.name for one, _ in pairs if not verdict.excesses(one.name)}


def _searched(
    teacher: np.ndarray, loses: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """A student that is sure of 60 % of the rows, and its cascade: right or wrong (rows,) of each.

    Where the student is not sure it answers as the teacher does, so the drop is the same at every threshold.
    Class 0 is the truth. A cascade that finds no threshold is None.
    """
    sure = rng.random(len(teacher)) < 0.6
    right = np.where(sure, differing(teacher, (loses + 0.005) / 0.6, 0.005 / 0.6, rng), teacher)
    student, reference = _probabilities(right, np.where(sure, 0.995, 0.2)), _probabilities(teacher, 1.0)
    truth = np.zeros(len(teacher), dtype=int)
    choice = choose_threshold(student, reference, reference, truth, ALLOWED)
    whole = answer(student, reference, choice.threshold) == truth
    return right, None if choice.refused else whole


def _probabilities(right: np.ndarray, confidence: np.ndarray | float) -> np.ndarray:
    """Two classes, of which class 0 is right; a confidence below a half is that of none."""
    first = np.where(right, 1.0, 0.0) * confidence
    return np.stack([first, np.where(right, 0.0, 1.0) * confidence], axis=1)


@dataclass(frozen=True)
class World:
    """A population: a student twice as sure as it should be, a teacher right in 94 % of it, and the truth."""

    student: np.ndarray
    teacher: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, size: int, rng: np.random.Generator) -> World:
        """`size` rows of two classes."""
        truth = rng.integers(2, size=size)
        sure = rng.beta(6, 1, size)
        right = rng.random(size) < 0.5 + sure / 2
        label = np.where(right, truth, 1 - truth)
        student = np.stack([np.where(label == at, 0.5 + sure / 2, 0.5 - sure / 2) for at in (0, 1)], axis=1)
        said = np.where(rng.random(size) < 0.94, truth, 1 - truth)
        return cls(calibrate(student.astype(np.float32), 0.5), np.eye(2, dtype=np.float32)[said], truth)

    def breaks(self, drop: float, heat: float | None, rng: np.random.Generator) -> bool:
        """Whether a threshold chosen on `ROWS` rows loses more than `drop` on the population.

        `heat` is the temperature where it is known; None fits it on the same rows.
        """
        sample = rng.integers(len(self.truth), size=ROWS)
        if heat is None:
            heat = temperature(self.student[sample], self.truth[sample])
        student, teacher = calibrate(self.student, heat), self.teacher
        picked = student[sample], teacher[sample], teacher[sample], self.truth[sample]
        choice = choose_threshold(*picked, drop)
        if choice.refused is not None:
            return False
        right = teacher.argmax(axis=1) == self.truth
        return bool(right.mean() - (answer(student, teacher, choice.threshold) == self.truth).mean() > drop)
