"""Folds and samples that depend on row ids alone: neither blocks nor the order of rows change them."""

from __future__ import annotations

import numpy as np

from trimtab.data.splitmix import drawn, row_hash


def fold_of(ids: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold (rows,) int64 of each row."""
    return (row_hash(ids, seed % 2**32) % np.uint64(folds)).astype(np.int64)


def sample(ids: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions, in rising order, of at most `most` rows."""
    if len(ids) <= most:
        return np.arange(len(ids))
    return np.sort(drawn(ids, most, seed % 2**32))
