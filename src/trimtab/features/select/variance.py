"""Drops features that hardly vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Select, Selection
from trimtab.features.target import Target


@dataclass(frozen=True)
class SelectVariance(Select):
    """Keep the features whose variance on the train rows is above `above`; 0 drops constants."""

    name: ClassVar[str] = "select_variance"
    needs_label: ClassVar[bool] = False

    above: Annotated[float, Field(ge=0)] = 0.0

    def select(self, features: Matrix, target: Target) -> Selection:
        """By variance."""
        del target
        found = variance(features)
        return Selection(found, found > self.above)


def variance(features: Matrix) -> np.ndarray:
    """The variance (features,) of each column, of the population; exactly 0 where a column is constant."""
    if not isinstance(features, csr_matrix):
        return np.asarray(features.astype(np.float64).var(axis=0) * (np.ptp(features, axis=0) > 0))
    wide = features.astype(np.float64)
    mean = np.asarray(wide.mean(axis=0)).ravel()
    squares = np.asarray(wide.multiply(wide).mean(axis=0)).ravel()
    span = wide.max(axis=0).toarray().ravel() - wide.min(axis=0).toarray().ravel()
    return np.asarray(np.maximum(squares - mean**2, 0) * (span > 0))
