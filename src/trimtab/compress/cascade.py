"""Builds cascades: which student answers may stand is chosen on validation rows, with a bound on the loss."""

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
LINES = {
    "cascade": ("student-int8", "ort-int8"),
    "cascade-3": ("student-int8", "shallow-int8", "ort-int8"),
}
"""Cascades to build: the models that are asked in turn, cheapest first; as many as the gate counts on."""


class BuildCascade(Compressor):
    """Cheap students in front of the INT8 teacher; one threshold for all, since each is calibrated."""

    name: ClassVar[str] = "cascade"
    needs: ClassVar[tuple[str, ...]] = ("torch-fp32", "ort-int8", "student-int8")

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidates `cascade` and, where there is a shallow student, `cascade-3`."""
        return [
            _build(name, line, job, folder / name)
            for name, line in LINES.items()
            if all(part in job.made for part in line)
        ]


@dataclass(frozen=True)
class Choice:
    """A threshold, the share of rows that the first stage keeps, and the bound on the accuracy lost."""

    threshold: float
    kept: float
    bound: float
    refused: str | None


def choose_threshold(
    stages: Sequence[np.ndarray],
    reference: np.ndarray,
    truth: np.ndarray,
    drop: float,
    level: float = level_of(CASCADE),
) -> Choice:
    """The lowest threshold whose accuracy loss against the reference is bounded by `drop`.

    Thresholds are tested from the strictest down, and the first that fails ends the search: fixed-sequence
    testing, so the bound holds for the threshold that is chosen (Angelopoulos et al., 2021, "Learn then
    Test"). Its error rate is the cascade's share of the gate's (`core.gate`). `stages` are calibrated
    probabilities (rows, classes), cheapest first.
    """
    right = reference.argmax(axis=1) == truth
    best = Choice(
        1.01, 0.0, 1.0, f"no threshold bounds the loss by {drop:.2%} on {len(truth)} validation rows"
    )
    for threshold in THRESHOLDS.tolist():
        bound = paired_drop(right, answer(stages, threshold) == truth, level).high
        if bound > drop:
            break
        best = Choice(threshold, float((stages[0].max(axis=1) >= threshold).mean()), bound, None)
    return best


def answer(stages: Sequence[np.ndarray], threshold: float) -> np.ndarray:
    """Class numbers (rows,) of a cascade: of the first stage that is sure, or of the last."""
    labels = stages[-1].argmax(axis=1)
    for probabilities in reversed(stages[:-1]):
        labels = np.where(probabilities.max(axis=1) >= threshold, probabilities.argmax(axis=1), labels)
    return labels


def temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        warm = calibrate(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(warm[np.arange(len(truth)), truth], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def _build(name: str, line: Sequence[str], job: Job, folder: Path) -> Candidate:
    raw = [answers_of(job.made[part].folder, job.valid) for part in line]
    heat = [temperature(found, job.valid.truth) for found in raw]
    stages = [calibrate(found, warm) for found, warm in zip(raw, heat, strict=True)]
    reference = answers_of(job.made["torch-fp32"].folder, job.valid)
    choice = choose_threshold(stages, reference, job.valid.truth, job.drop)
    _assemble([job.made[part].folder for part in line], heat, choice.threshold, folder)
    found = parity(answers_of(folder, job.valid), calibrate(reference, heat[-1]))
    facts = {**found, "kept": choice.kept, "threshold": choice.threshold, "drop_bound": choice.bound}
    return Candidate(name, folder, "cascade", CASCADE, "torch-fp32", facts, refused=choice.refused)


def _assemble(parts: Sequence[Path], heat: Sequence[float], threshold: float, folder: Path) -> None:
    """Write the first model as the student of all that follow, which form a cascade of their own."""
    folder.mkdir(parents=True)
    shutil.copytree(parts[0], folder / "student")
    last = len(parts) == 2
    if last:
        shutil.copytree(parts[1], folder / "teacher")
    else:
        _assemble(parts[1:], heat[1:], threshold, folder / "teacher")
    config = {
        "runtime": "cascade",
        "threshold": threshold,
        "student_temperature": heat[0],
        "teacher_temperature": heat[1] if last else 1.0,
    }
    (folder / "model.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
