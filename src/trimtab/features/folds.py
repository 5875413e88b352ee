"""Folds and samples that depend on row ids alone: neither blocks nor the order of rows change them."""

from __future__ import annotations

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def row_hash(ids: np.ndarray, seed: int) -> np.ndarray:
    """A well mixed number (rows,) uint64 for each row (SplitMix64; Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.int64).astype(np.uint64) + _STEP * np.uint64(seed % 2**32 + 1)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def fold_of(ids: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold (rows,) int64 of each row."""
    return (row_hash(ids, seed) % np.uint64(folds)).astype(np.int64)


def sample(ids: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions, in rising order, of at most `most` rows."""
    if len(ids) <= most:
        return np.arange(len(ids))
    return np.sort(np.lexsort((ids, row_hash(ids, seed)))[:most])
