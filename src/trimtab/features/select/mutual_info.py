"""Keeps features by what they tell about the target, whatever the shape of the dependence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.special import xlogy

from trimtab.core.optional import optional
from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Keep, Select, Selection, best
from trimtab.features.target import Target


@dataclass(frozen=True)
class SelectMutualInfo(Select):
    """Keep the features with the most mutual information with the target, in nats.

    Dense features by scikit-learn's estimate from `neighbours` nearest neighbours (Kraskov et al., 2004;
    Ross, 2014). Of sparse ones it is asked whether a feature is there, which for classes is a count.
    """

    name: ClassVar[str] = "select_mutual_info"

    keep: Keep = 0.5
    neighbours: Annotated[int, Field(ge=1)] = 3

    def select(self, features: Matrix, target: Target) -> Selection:
        """By mutual information."""
        if isinstance(features, csr_matrix) and target.classes:
            scores = presence_information(features, target)
        else:
            scores = self._estimated(features, target)
        return Selection(scores, best(scores, self.keep))

    def _estimated(self, features: Matrix, target: Target) -> np.ndarray:
        fewest = np.bincount(target.values).max() if target.classes else len(target.values)
        if features.shape[1] == 0 or fewest <= 1:
            return np.zeros(features.shape[1])
        sklearn = optional("sklearn.feature_selection", "data", f"step {self.name}")
        estimate = sklearn.mutual_info_classif if target.classes else sklearn.mutual_info_regression
        neighbours = min(self.neighbours, int(fewest) - 1)
        sparse = isinstance(features, csr_matrix)
        asked = (features != 0).astype(np.float64) if sparse else features
        return np.asarray(
            estimate(
                asked, target.values, discrete_features=sparse, n_neighbors=neighbours, random_state=self.seed
            )
        )


def presence_information(features: csr_matrix, target: Target) -> np.ndarray:
    """The mutual information (features,) in nats of a feature's presence and the class."""
    rows = features.shape[0]
    there = (features != 0).astype(np.float64)
    joint = np.asarray(there.T @ target.columns())
    classes = np.bincount(target.values, minlength=target.classes)
    with_feature = joint.sum(axis=1, keepdims=True)
    found = np.zeros(features.shape[1])
    for cells, margin in ((joint, with_feature), (classes - joint, rows - with_feature)):
        expected = margin * classes / rows
        found += (xlogy(cells, cells) - xlogy(cells, np.where(expected > 0, expected, 1))).sum(axis=1) / rows
    return np.asarray(np.maximum(np.round(found, 12), 0))
