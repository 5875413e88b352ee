"""The linear model that selecting steps ask."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.core.optional import optional
from trimtab.features.matrix import Matrix
from trimtab.features.target import Target


def ridge(target: Target, penalty: float, place: str) -> Any:
    """scikit-learn's ridge regression, or its classifier, not yet fitted."""
    sklearn = optional("sklearn.linear_model", "data", place)
    return (sklearn.RidgeClassifier if target.classes else sklearn.Ridge)(alpha=penalty)


def fit_columns(
    features: Matrix, target: Target, penalty: float, place: str
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (features, columns) and intercepts (columns,) of a ridge regression on the target's columns."""
    sklearn = optional("sklearn.linear_model", "data", place)
    model = sklearn.Ridge(alpha=penalty).fit(features, target.columns())
    return np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)
