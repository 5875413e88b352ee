"""What a feature column is: a dense or a sparse matrix that travels as one column of a batch.

dense   `Array(Float32, width)`
sparse  a struct of `at` List(UInt32), the columns that are not zero in rising order, and `value`
        List(Float32); the width is known to the step that made it, and to whoever learnt from it.

NaN is a missing value; absent columns of a sparse row are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, hstack

from trimtab.core.columns import NUMBERS, TRUTHS
from trimtab.core.errors import DataError, suggestion
from trimtab.core.objects import Batch
from trimtab.data.kinds import held, is_feature, is_sparse

Matrix: TypeAlias = np.ndarray | csr_matrix
"""(rows, width) float32."""


def as_series(rows: Matrix) -> pl.Series:
    """A matrix (rows, width) as a column."""
    if isinstance(rows, np.ndarray):
        return pl.Series(
            np.ascontiguousarray(rows, np.float32), dtype=pl.Array(pl.Float32, int(rows.shape[1]))
        )
    rows = rows.tocsr()
    rows.sort_indices()
    cuts = rows.indptr[1:-1]
    at = np.split(rows.indices.astype(np.uint32), cuts) if rows.shape[0] else []
    value = np.split(rows.data.astype(np.float32), cuts) if rows.shape[0] else []
    fields = {
        "at": pl.Series(at, dtype=pl.List(pl.UInt32)).cast(pl.List(pl.UInt32)),  # equal lengths make an Array
        "value": pl.Series(value, dtype=pl.List(pl.Float32)).cast(pl.List(pl.Float32)),
    }
    return pl.DataFrame(fields).to_struct()


def features_of(batch: Batch) -> tuple[str, ...]:
    """The feature columns of a batch, in the order of the alphabet."""
    return tuple(sorted(name for name, kind in batch.columns.schema.items() if is_feature(kind)))


def matrix(batch: Batch, column: str, width: int | None = None) -> Matrix:
    """A feature column as an array or a sparse matrix (rows, width) float32.

    `width` is that of a sparse matrix; by default the highest column that occurs, plus one. Entries
    beyond it (terms that train did not have) are left out. A column of plain numbers is a matrix of width 1.

    Raises:
        DataError: there is no such column, or it holds neither features nor numbers.
    """
    if column not in batch.columns.columns:
        raise DataError("features", f"no column '{column}'", suggestion(column, batch.columns.columns))
    values = batch[column]
    if is_sparse(values.dtype):
        return _csr(values, width)
    if is_feature(values.dtype):
        return values.to_numpy()
    if held(values, NUMBERS, TRUTHS) is not None:
        return narrow(numbers(batch, [column], "features"))
    raise DataError(
        f"column '{column}'", f"holds {values.dtype}, not features", "name a feature column or one of numbers"
    )


def narrow(values: np.ndarray) -> np.ndarray:
    """Numbers as float32; one that float32 cannot hold, such as infinity, counts as missing."""
    held = np.abs(values) <= np.finfo(np.float32).max
    return np.where(held, values, np.nan).astype(np.float32)


def _csr(values: pl.Series, width: int | None) -> csr_matrix:
    at = values.struct.field("at")
    lengths = at.list.len().fill_null(0).to_numpy()
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    indices = at.explode().drop_nulls().to_numpy().astype(np.int64)
    data = values.struct.field("value").explode().drop_nulls().to_numpy()
    top = int(indices.max()) + 1 if len(indices) else 0
    rows = csr_matrix((data, indices, indptr), shape=(len(values), max(top, width or 0)))
    return rows[:, :width] if width is not None and width < top else rows


def number(batch: Batch, column: str, step: str) -> pl.Series:
    """A column of numbers or truth values, or one without any value.

    Raises:
        DataError: it holds something else.
    """
    values = held(batch[column], NUMBERS, TRUTHS)
    if values is None:
        raise DataError(
            f"step {step}",
            f"column '{column}' holds {batch[column].dtype}, not numbers",
            "give it as numbers, or name others in `columns`",
        )
    return values


def numbers(batch: Batch, columns: Sequence[str], step: str) -> np.ndarray:
    """Columns of numbers as one array (rows, columns) float64; a missing value is NaN.

    A column that a request lacks is missing throughout.

    Raises:
        DataError: a column holds no numbers.
    """
    found = np.full((len(batch), len(columns)), np.nan)
    there = set(batch.columns.columns)
    for at, name in enumerate(columns):
        if name in there:
            found[:, at] = number(batch, name, step).cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found


def beside(blocks: Sequence[Matrix], rows: int) -> Matrix:
    """Blocks (rows, width) next to each other: dense when all are, else sparse."""
    if all(isinstance(block, np.ndarray) for block in blocks):
        return np.concatenate([np.empty((rows, 0), np.float32), *blocks], axis=1)
    return hstack([csr_matrix(block) for block in blocks], format="csr")


def unit_rows(rows: Matrix) -> Matrix:
    """Every row scaled to length 1; a row of zeros stays."""
    if isinstance(rows, np.ndarray):
        length = np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        return (rows / np.where(length > 0, length, 1)).astype(np.float32)
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), np.float64)).ravel()
    scaled = rows.copy()
    scaled.data = rows.data / np.repeat(np.where(length > 0, length, 1), np.diff(rows.indptr))
    return scaled.astype(np.float32)
