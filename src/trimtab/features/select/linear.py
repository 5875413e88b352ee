"""The linear model that selecting steps ask."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.linalg import LinAlgWarning

from trimtab.core.optional import optional
from trimtab.features.matrix import Matrix
from trimtab.features.target import Target


def ridge(target: Target, penalty: float, place: str) -> Any:
    """scikit-learn's ridge regression, or its classifier, not yet fitted."""
    sklearn = optional("sklearn.linear_model", "data", place)
    return (sklearn.RidgeClassifier if target.classes else sklearn.Ridge)(alpha=penalty)


def wide(features: Matrix) -> Matrix:
    """The features as float64, whose squares no float32 overflows."""
    return features.astype(np.float64)


@contextmanager
def uneven_columns() -> Iterator[None]:
    """No warning about columns so unlike in size that the matrix is ill-conditioned: `scale` mends them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        yield


def fit_columns(
    features: Matrix, target: Target, penalty: float, place: str
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (features, columns) and intercepts (columns,) of a ridge regression on the target's columns."""
    sklearn = optional("sklearn.linear_model", "data", place)
    with uneven_columns():
        model = sklearn.Ridge(alpha=penalty).fit(wide(features), target.columns())
    return np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)
