"""A cascade: a cheap student answers what it is sure of, the teacher the rest (Viola & Jones, 2001).

The teacher may be a cascade itself; stage 0 is the outermost student, and each level adds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.runtime.base import Model, Output, Rows, open_model


class Cascade(Model):
    """Two models in the folders `student` and `teacher`.

    A row's student answer stands when its calibrated confidence is at least `threshold`. Both decide row by
    row, so batch-mates never change an answer.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], threads: int) -> None:
        super().__init__(folder, config, threads)
        self.student = open_model(folder / "student", threads)
        self.teacher = open_model(folder / "teacher", threads)
        self.threshold = float(config["threshold"])
        self._student_temperature = float(config["student_temperature"])
        self._teacher_temperature = float(config["teacher_temperature"])

    def __call__(self, rows: Rows, embed: bool = False) -> Output:
        """Answer `rows`; embeddings are always the teacher's, which is the better judge of likeness."""
        if embed:
            return self._embedded(rows)
        first = self.ask_student(rows)
        unsure = np.flatnonzero(~self.keep(first))
        if len(unsure) == 0:
            return first
        second = self.ask_teacher([rows[at] for at in unsure.tolist()])
        first.probabilities[unsure] = second.probabilities
        first.stage[unsure] = second.stage
        return first

    def ask_student(self, rows: Rows) -> Output:
        """The student's calibrated answers."""
        return _calibrated(self.student(rows), self._student_temperature, behind=0)

    def ask_teacher(self, rows: Rows, embed: bool = False) -> Output:
        """The teacher's calibrated answers."""
        return _calibrated(self.teacher(rows, embed), self._teacher_temperature, behind=1)

    def keep(self, output: Output) -> np.ndarray:
        """Which of the student's answers stand: booleans (rows,)."""
        return output.probabilities.max(axis=1) >= self.threshold

    def _embedded(self, rows: Rows) -> Output:
        first, second = self.ask_student(rows), self.ask_teacher(rows, embed=True)
        unsure = ~self.keep(first)
        probabilities = np.where(unsure[:, None], second.probabilities, first.probabilities)
        return Output(probabilities, second.embedding, np.where(unsure, second.stage, first.stage))


def calibrate(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (rows, classes) float32 at another temperature (Guo et al., 2017).

    >>> calibrate(np.array([[0.8, 0.2]], np.float32), 1.0)
    array([[0.8, 0.2]], dtype=float32)
    """
    if temperature == 1.0:
        return probabilities
    with np.errstate(divide="ignore", under="ignore"):
        powered = np.exp(np.log(probabilities) / np.float32(temperature))
    return np.asarray(powered / powered.sum(axis=1, keepdims=True), np.float32)


def _calibrated(output: Output, temperature: float, behind: int) -> Output:
    return Output(
        calibrate(output.probabilities, temperature), output.embedding, output.stage + np.int8(behind)
    )
