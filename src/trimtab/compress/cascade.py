"""Builds a cascade: which student answers may stand is chosen on validation rows, with a bound on the loss."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize_scalar

from trimtab.compress.job import Compressor, Job, answers_of, parity
from trimtab.core.measure import paired_drop
from trimtab.core.objects import Candidate
from trimtab.runtime.cascade import calibrate

LEVEL = 0.90
"""Two-sided level of the drop's interval: its upper end is a one-sided 95 % bound."""
THRESHOLDS = np.round(np.arange(0.99, 0.30, -0.01), 2)


class BuildCascade(Compressor):
    """The student in front of the INT8 teacher."""

    name: ClassVar[str] = "cascade"
    needs: ClassVar[tuple[str, ...]] = ("ort-fp32", "ort-int8", "student-int8")

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidate `cascade`, or none when no threshold keeps the loss within the budget."""
        student, teacher = job.made["student-int8"].folder, job.made["ort-int8"].folder
        truth = job.valid.truth
        reference = answers_of(job.made["ort-fp32"].folder, job.valid)
        first, second = answers_of(student, job.valid), answers_of(teacher, job.valid)
        warm = {"student": temperature(first, truth), "teacher": temperature(second, truth)}
        sure = calibrate(first, warm["student"])
        choice = choose_threshold(sure, second, reference, truth, job.drop)
        made = folder / "cascade"
        for part, source in (("student", student), ("teacher", teacher)):
            shutil.copytree(source, made / part, dirs_exist_ok=True)
        config = {
            "runtime": "cascade",
            "threshold": choice.threshold,
            **{f"{part}_temperature": value for part, value in warm.items()},
        }
        (made / "model.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
        found = parity(answers_of(made, job.valid), calibrate(reference, warm["teacher"]))
        facts = {**found, "kept": choice.kept, "threshold": choice.threshold, "drop_bound": choice.bound}
        return [Candidate("cascade", made, "cascade", source="ort-fp32", parity=facts, refused=choice.refused)]


@dataclass(frozen=True)
class Choice:
    """A threshold, the share of rows whose student answer it keeps, and the bound on the accuracy lost."""

    threshold: float
    kept: float
    bound: float
    refused: str | None


def choose_threshold(
    student: np.ndarray, teacher: np.ndarray, reference: np.ndarray, truth: np.ndarray, drop: float
) -> Choice:
    """The lowest threshold whose accuracy loss against the reference is bounded by `drop`.

    Thresholds are tested from the strictest down, and the first that fails ends the search: fixed-sequence
    testing, so the one-sided 95 % bound holds for the threshold that is chosen (Angelopoulos et al., 2021,
    "Learn then Test"). All probabilities are (rows, classes).
    """
    right = reference.argmax(axis=1) == truth
    confidence = student.max(axis=1)
    best: Choice | None = None
    for threshold in THRESHOLDS:
        kept = confidence >= threshold
        label = np.where(kept, student.argmax(axis=1), teacher.argmax(axis=1))
        bound = paired_drop(right, label == truth, level=LEVEL).high
        if bound > drop:
            break
        best = Choice(float(threshold), float(kept.mean()), bound, None)
    if best is None:
        why = f"no threshold bounds the loss by {drop:.2%} on {len(truth)} validation rows"
        return Choice(1.01, 0.0, 1.0, why)
    return best


def temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        warm = calibrate(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(warm[np.arange(len(truth)), truth], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)
