"""Well-mixed numbers: the hash behind every sample and fold of rows, and behind hashes of texts."""

from __future__ import annotations

import numpy as np

_STEP = 0x9E3779B97F4A7C15


def mix(value: np.ndarray) -> np.ndarray:
    """A well-mixing bijection of 64-bit numbers: one step of SplitMix64 (Steele, Lea and Flood, 2014)."""
    value = value + np.uint64(_STEP)
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def drawn(ids: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions of the `most` rows whose ids have the smallest hash: a sample of samples is one of all."""
    return np.lexsort((ids, row_hash(ids, seed)))[:most]


def row_hash(ids: np.ndarray, seed: int) -> np.ndarray:
    """A hash (rows,) uint64 of row ids: number `seed`, from 0, of the SplitMix64 that starts at the id."""
    return mix(ids.astype(np.int64).astype(np.uint64) + np.uint64(_STEP * seed % 2**64))
