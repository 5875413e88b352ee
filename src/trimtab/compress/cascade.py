"""Builds cascades: which student answers may stand is chosen on validation rows, with a bound on the loss."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize_scalar

from trimtab.compress.job import Compressor, Job, answers_of, parity
from trimtab.core.gate import CASCADE, level_of
from trimtab.core.measure import paired_drop
from trimtab.core.objects import Candidate
from trimtab.runtime.cascade import calibrate

DOUBTS = np.round(np.arange(0.01, 0.71, 0.01), 2)
"""How unsure the first stage may be of an answer that stands: thresholds from 0.99 down to 0.30."""
PATIENCE = 3
"""How much more each next stage may doubt. A deeper student errs mostly where the teacher errs too, so its
doubt costs less accuracy, and passing its row on costs more time. Any value keeps the bound."""
LINES = {
    "cascade": ("student-int8", "ort-int8"),
    "cascade-3": ("student-int8", "shallow-int8", "ort-int8"),
}
"""Cascades to build, in the order in which they are tried: the models asked in turn, cheapest first."""


class BuildCascade(Compressor):
    """Cheap students in front of the INT8 teacher; calibrated, so that their confidence can be compared."""

    name: ClassVar[str] = "cascade"
    needs: ClassVar[tuple[str, ...]] = ("torch-fp32", "ort-int8", "student-int8")

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidates `cascade` and, where there is a shallow student, `cascade-3`."""
        lines = {name: line for name, line in LINES.items() if all(part in job.made for part in line)}
        raw = {part: answers_of(job.made[part].folder, job.valid) for line in lines.values() for part in line}
        heat = {part: temperature(found, job.valid.truth) for part, found in raw.items()}
        warm = {part: calibrate(found, heat[part]) for part, found in raw.items()}
        reference = answers_of(job.made["torch-fp32"].folder, job.valid)
        stages = {name: [warm[part] for part in line] for name, line in lines.items()}
        choices = choose_thresholds(stages, reference, job.valid.truth, job.drop)
        return [
            _build(name, lines[name], heat, choice, reference, job, folder)
            for name, choice in choices.items()
        ]


@dataclass(frozen=True)
class Choice:
    """A cascade's thresholds, the share of rows that each stage keeps, and the bound on the accuracy lost."""

    thresholds: tuple[float, ...]
    kept: tuple[float, ...]
    bound: float
    refused: str | None


def choose_thresholds(
    cascades: Mapping[str, Sequence[np.ndarray]],
    reference: np.ndarray,
    truth: np.ndarray,
    drop: float,
    level: float = level_of(CASCADE),
) -> dict[str, Choice]:
    """For each cascade the lowest thresholds whose accuracy loss against the reference is bounded by `drop`.

    All cascades at the strictest thresholds are tested, then all at the next, and the first that fails ends
    the search for all: fixed-sequence testing, so the bounds hold together for what is chosen (Angelopoulos
    et al., 2021, "Learn then Test"). Its error rate is the cascades' share of the gate's (`core.gate`).
    A cascade is its stages' calibrated probabilities (rows, classes), cheapest first.
    """
    right = reference.argmax(axis=1) == truth
    none = f"no threshold bounds the loss by {drop:.2%} on {len(truth)} validation rows"
    best = {
        name: Choice((1.01,) * (len(stages) - 1), (0.0,) * (len(stages) - 1), 1.0, none)
        for name, stages in cascades.items()
    }
    for doubt, (name, stages) in product(DOUBTS.tolist(), cascades.items()):
        thresholds = thresholds_at(doubt, len(stages) - 1)
        answers, stage = answer(stages, thresholds)
        bound = paired_drop(right, answers == truth, level).high
        if bound > drop:
            break
        kept = tuple(float((stage == at).mean()) for at in range(len(thresholds)))
        best[name] = Choice(thresholds, kept, bound, None)
    return best


def thresholds_at(doubt: float, stages: int) -> tuple[float, ...]:
    """The confidence that each stage but the last needs, when the first may doubt so much.

    >>> thresholds_at(0.06, 2)
    (0.94, 0.82)
    """
    return tuple(round(max(1 - doubt * PATIENCE**at, 0.0), 4) for at in range(stages))


def answer(stages: Sequence[np.ndarray], thresholds: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """What a cascade answers: class numbers (rows,), and the stage (rows,) that said so."""
    labels = stages[-1].argmax(axis=1)
    stage = np.full(len(labels), len(thresholds))
    for at in reversed(range(len(thresholds))):
        sure = stages[at].max(axis=1) >= thresholds[at]
        labels = np.where(sure, stages[at].argmax(axis=1), labels)
        stage = np.where(sure, at, stage)
    return labels, stage


def temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        warm = calibrate(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(warm[np.arange(len(truth)), truth], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def _build(
    name: str,
    line: Sequence[str],
    heat: Mapping[str, float],
    choice: Choice,
    reference: np.ndarray,
    job: Job,
    folder: Path,
) -> Candidate:
    own = folder / name
    _assemble([job.made[part].folder for part in line], [heat[part] for part in line], choice.thresholds, own)
    found = parity(answers_of(own, job.valid), calibrate(reference, heat[line[-1]]))
    facts = {**found, "drop_bound": choice.bound}
    for at, (threshold, kept) in enumerate(zip(choice.thresholds, choice.kept, strict=True), start=1):
        facts |= {f"threshold_{at}": threshold, f"kept_{at}": kept}
    return Candidate(name, own, "cascade", CASCADE, "torch-fp32", facts, refused=choice.refused)


def _assemble(
    parts: Sequence[Path], heat: Sequence[float], thresholds: Sequence[float], folder: Path
) -> None:
    """Write the first model as the student of all that follow, which form a cascade of their own."""
    folder.mkdir(parents=True)
    shutil.copytree(parts[0], folder / "student")
    last = len(parts) == 2
    if last:
        shutil.copytree(parts[1], folder / "teacher")
    else:
        _assemble(parts[1:], heat[1:], thresholds[1:], folder / "teacher")
    config = {
        "runtime": "cascade",
        "threshold": thresholds[0],
        "student_temperature": heat[0],
        "teacher_temperature": heat[1] if last else 1.0,
    }
    (folder / "model.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
