"""Feature columns: a matrix goes in, the same matrix comes out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import csr_matrix

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.features.matrix import as_series, beside, features_of, matrix, unit_rows

MATRICES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
    elements=st.sampled_from([0.0, 1.5, -2.0]),
)


def batch(**columns) -> Batch:
    frame = pl.DataFrame(columns)
    return Batch(frame, np.arange(frame.height))


@settings(deadline=None)  # the machine may be busy
@given(MATRICES)
def test_it_gives_back_the_matrix_that_was_put_in(rows):
    assert np.array_equal(matrix(batch(x=as_series(rows)), "x"), rows)
    sparse = matrix(batch(x=as_series(csr_matrix(rows))), "x", width=rows.shape[1])
    assert sparse.shape == rows.shape
    assert np.array_equal(sparse.toarray(), rows)


def test_it_leaves_out_what_lies_beyond_the_width():
    rows = csr_matrix(np.array([[1, 0, 2], [0, 3, 0]], np.float32))
    assert matrix(batch(x=as_series(rows)), "x", width=2).toarray().tolist() == [[1, 0], [0, 3]]


def test_it_survives_parquet(tmp_path):
    made = batch(a=as_series(np.eye(3, dtype=np.float32)), b=as_series(csr_matrix(np.eye(3, 5))))
    made.save(tmp_path)
    again = Batch.load(tmp_path)
    assert again.columns.equals(made.columns)
    assert features_of(again) == ("a", "b")


def test_it_takes_a_column_of_numbers_and_refuses_words():
    made = batch(size=[1, None, 3], kind=["a", "b", "c"])
    assert np.array_equal(matrix(made, "size"), np.array([[1], [np.nan], [3]], np.float32), equal_nan=True)
    with pytest.raises(DataError, match="column 'kind': holds String, not features"):
        matrix(made, "kind")
    with pytest.raises(DataError, match="no column 'siez'; did you mean 'size'"):
        matrix(made, "siez")


def test_it_puts_dense_blocks_side_by_side_densely_and_others_sparsely():
    dense, sparse = np.ones((2, 1), np.float32), csr_matrix(np.eye(2, dtype=np.float32))
    assert isinstance(beside([dense, dense], 2), np.ndarray)
    assert beside([dense, sparse], 2).toarray().tolist() == [[1, 1, 0], [1, 0, 1]]
    assert beside([], 2).shape == (2, 0)


def test_it_scales_rows_to_length_one_and_leaves_zeros():
    rows = np.array([[3, 4], [0, 0]], np.float32)
    wanted = np.array([[0.6, 0.8], [0, 0]], np.float32)
    assert np.array_equal(unit_rows(rows), wanted)
    assert np.array_equal(unit_rows(csr_matrix(rows)).toarray(), wanted)
