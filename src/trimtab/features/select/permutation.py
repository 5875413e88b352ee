"""Keeps the features whose shuffling makes a model worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Keep, Select, Selection, best
from trimtab.features.select.linear import fit_columns
from trimtab.features.target import Target


@dataclass(frozen=True)
class SelectPermutation(Select):
    """Keep the features whose permutation costs a model most (Breiman, 2001; Fisher et al., 2019).

    A ridge regression is fitted to two thirds of the rows; on the others each feature
    is shuffled `repeats` times. The score is the mean rise of the squared error, of classes that of their
    indicators (Brier). The model is linear, so a shuffle changes one term of its answers, and sparse features
    by the thousand can be asked.
    """

    name: ClassVar[str] = "select_permutation"

    keep: Keep = 0.5
    repeats: Annotated[int, Field(ge=1)] = 5
    penalty: Annotated[float, Field(gt=0)] = 1.0

    def select(self, features: Matrix, target: Target) -> Selection:
        """By the rise of the error on held-out rows."""
        scores = np.zeros(features.shape[1])
        held = np.random.default_rng(self.seed).permutation(features.shape[0]) < features.shape[0] // 3
        if held.any() and features.shape[1]:
            weights, intercept = fit_columns(
                features[~held], target.take(np.flatnonzero(~held)), self.penalty, f"step {self.name}"
            )
            asked, wanted = features[held], target.columns()[held]
            rest = wanted - (asked @ weights + intercept)
            columns = asked.tocsc() if isinstance(asked, csr_matrix) else asked
            for at in np.flatnonzero(np.abs(weights).sum(axis=1)).tolist():
                column = columns[:, [at]]
                values = np.asarray(column if isinstance(column, np.ndarray) else column.toarray()).ravel()
                scores[at] = self._rise(values.astype(np.float64), weights[at], rest, at)
        return Selection(scores, best(scores, self.keep))

    def _rise(self, values: np.ndarray, weight: np.ndarray, rest: np.ndarray, at: int) -> float:
        """The mean rise of the squared error of a row when one feature (rows,) is shuffled."""
        rng = np.random.default_rng([self.seed, at])
        # |rest - change * weight|^2 - |rest|^2, summed over the columns of the target
        along, length = rest @ weight, float(weight @ weight)
        changes = [rng.permutation(values) - values for _ in range(self.repeats)]
        return float(np.mean([(change**2 * length - 2 * change * along).mean() for change in changes]))
