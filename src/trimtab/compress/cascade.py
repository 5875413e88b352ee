"""Builds the cascade: which student answers may stand is chosen on validation rows, its loss bounded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize_scalar

from trimtab.compress.job import Compressor, Job, answers_of, parity
from trimtab.core.gate import CASCADE, level_of
from trimtab.core.measure import paired_drop
from trimtab.core.objects import Candidate
from trimtab.runtime.cascade import calibrate

THRESHOLDS = np.round(np.arange(0.99, 0.30, -0.01), 2)
STUDENT, TEACHER = "student-int8", "ort-int8"


class BuildCascade(Compressor):
    """The small student in front of the INT8 teacher, both calibrated."""

    name: ClassVar[str] = "cascade"
    needs: ClassVar[tuple[str, ...]] = ("torch-fp32", TEACHER, STUDENT)

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidate `cascade`."""
        parts = [job.made[name].folder for name in (STUDENT, TEACHER)]
        raw = [answers_of(part, job.valid) for part in parts]
        heat = [temperature(found, job.valid.truth) for found in raw]
        student, teacher = (calibrate(found, warm) for found, warm in zip(raw, heat, strict=True))
        reference = answers_of(job.made["torch-fp32"].folder, job.valid)
        choice = choose_threshold(student, teacher, reference, job.valid.truth, job.drop)
        made = _assemble(parts, heat, choice.threshold, folder / "cascade")
        found = parity(answers_of(made, job.valid), calibrate(reference, heat[1]))
        facts = {**found, "kept": choice.kept, "threshold": choice.threshold, "drop_bound": choice.bound}
        return [Candidate("cascade", made, "cascade", CASCADE, "torch-fp32", facts, refused=choice.refused)]


@dataclass(frozen=True)
class Choice:
    """A threshold, the share of rows that the student keeps, and the bound on the accuracy lost."""

    threshold: float
    kept: float
    bound: float
    refused: str | None


def choose_threshold(
    student: np.ndarray,
    teacher: np.ndarray,
    reference: np.ndarray,
    truth: np.ndarray,
    drop: float,
) -> Choice:
    """The lowest threshold whose accuracy loss against the reference is bounded by `drop`.

    Thresholds are tested from the strictest down, and the first that fails ends the search: fixed-sequence
    testing, so the bound holds for the threshold that is chosen (Angelopoulos et al., 2021, "Learn then
    Test"). Its error rate is the cascade's share of the gate's (`core.gate`). Probabilities are
    (rows, classes), the student's and the teacher's calibrated.
    """
    right = reference.argmax(axis=1) == truth
    best = Choice(
        1.01, 0.0, 1.0, f"no threshold bounds the loss by {drop:.2%} on {len(truth)} validation rows"
    )
    for threshold in THRESHOLDS.tolist():
        bound = paired_drop(right, answer(student, teacher, threshold) == truth, level_of(CASCADE)).high
        if bound > drop:
            break
        best = Choice(threshold, float((student.max(axis=1) >= threshold).mean()), bound, None)
    return best


def answer(student: np.ndarray, teacher: np.ndarray, threshold: float) -> np.ndarray:
    """Class numbers (rows,) of a cascade: the student's where it is sure, else the teacher's."""
    sure = student.max(axis=1) >= threshold
    return np.where(sure, student.argmax(axis=1), teacher.argmax(axis=1))


def temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        warm = calibrate(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(warm[np.arange(len(truth)), truth], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def _assemble(parts: Sequence[Path], heat: Sequence[float], threshold: float, folder: Path) -> Path:
    for part, role in zip(parts, ("student", "teacher"), strict=True):
        shutil.copytree(part, folder / role)
    config = {
        "runtime": "cascade",
        "threshold": threshold,
        "student_temperature": heat[0],
        "teacher_temperature": heat[1],
    }
    (folder / "model.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    return folder
