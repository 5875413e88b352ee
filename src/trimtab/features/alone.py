"""Feature steps that stand alone: transformers whose answer is the features, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, issparse

from trimtab.core.errors import DataError
from trimtab.core.optional import optional
from trimtab.core.step import Step
from trimtab.data.alone.cells import PLACE
from trimtab.data.alone.estimators import Transformer, base_of, batch_of, validation
from trimtab.data.alone.rows import Rows
from trimtab.features.feature import Feature
from trimtab.features.matrix import Matrix, as_series, matrix
from trimtab.features.select.base import Select

MATRIX = "X"
"""The column that holds a sparse matrix given as X."""
SHOWN = 10
"""Columns that an error lists."""


@dataclass(frozen=True)
class SparseRows(Rows):
    """A sparse matrix, which a selecting step reads as one feature column."""

    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """The rows of the matrix."""
        del after
        return self.given[at]


class Features(Transformer):
    """A feature step: its answer is the features (rows, features) float32 and nothing else.

    Dense features of a frame are a frame of the same library; sparse ones are a SciPy matrix.
    """

    step_: Feature

    def transform(self, X: Any) -> Any:
        """The features of X."""
        validation.check_is_fitted(self)
        rows = self._read(self.step_, X, reset=False)
        return self._wrapped(rows, self.step_.vectors(batch_of(self.step_, rows.columns)))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn from X, and the features of X: of a step that reads labels, as no row's own label shows."""
        rows, batch = self._learn(X, y)
        after = self.step_.on_train(batch)
        return self._wrapped(rows, matrix(after, self.step_.output, len(self.get_feature_names_out())))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the features."""
        validation.check_is_fitted(self)
        return np.array(self.step_.names({MATRIX: self._names_in(input_features)}), dtype=object)

    def _read(self, step: Step, X: Any, reset: bool) -> Rows:
        if not (issparse(X) and isinstance(step, Select)):
            return super()._read(step, X, reset)
        rows = optional("sklearn.utils", "data", PLACE).check_array(
            X, accept_sparse="csr", dtype=np.float32, ensure_all_finite=False
        )
        validation.validate_data(self, rows, reset=reset, skip_check_array=True)
        return SparseRows(rows, as_series(csr_matrix(rows)).to_frame(MATRIX))

    def _fitting(self, step: Step, rows: Rows) -> Step:
        return replace(step, column=MATRIX) if isinstance(rows, SparseRows) else step  # type: ignore[call-arg]

    def _check(self, step: Step, rows: Rows) -> None:
        """In a chain, a table may lack the columns of a step; by itself, a step is told of its columns."""
        if isinstance(step, Feature) and step.takes and step.barren:
            named = [f"{name} {kind.base_type()}" for name, kind in rows.columns.schema.items()]
            more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            raise DataError(
                f"step {step.name}",
                f"makes no feature of {', '.join(named[:SHOWN]) or 'no column'}{more}",
                f"it takes {step.takes}: give it some, name them in `columns`, or leave it out",
            )

    def _wrapped(self, rows: Rows, found: Matrix) -> Any:
        return self._contained(rows.wrap(found, self.get_feature_names_out().tolist()))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # float32, whatever X is
        tags.input_tags.sparse = issubclass(self.entry.kind, Select)
        return tags


def features_base(kind: type[Step]) -> type:
    """What a step of the features room becomes."""
    return Features if issubclass(kind, Feature) else base_of(kind)
