"""Finds vectors that point the same way: by a blocked matrix product, or an index where that is too slow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trimtab.core.optional import optional
from trimtab.data.pairs import Pairs, first_equal, firsts, pairs_above

_BLOCK = 1024
_SLACK = 1e-4
"""Rounding of float32; each candidate is measured again in float64."""
_PROBES = 24


def similar_vectors(vectors: np.ndarray, similarity: float, exact_rows: int = 50_000) -> Pairs:
    """Pairs of `vectors` (rows, width) whose cosine is at least `similarity`; zeros and NaN are like none."""
    sizes = np.linalg.norm(vectors.astype(np.float64), axis=1)
    usable = np.isfinite(sizes) & (sizes > 0)
    same = np.arange(len(vectors))
    if usable.any():
        rows = np.ascontiguousarray(vectors[usable] + np.float32(0))  # -0.0 becomes 0.0
        keys = rows.view(f"V{rows.shape[1] * rows.itemsize}")[:, 0]
        same[usable] = np.flatnonzero(usable)[first_equal(keys)]
    ones = firsts(same, usable)
    units = (vectors[ones] / np.where(usable, sizes, 1)[ones, None]).astype(np.float32)
    search = _all_pairs if len(ones) <= exact_rows else _indexed
    found = list(search(units, similarity - _SLACK))
    left = np.concatenate([np.zeros(0, np.int64), *(pair[0] for pair in found)])
    right = np.concatenate([np.zeros(0, np.int64), *(pair[1] for pair in found)])
    likeness = [np.einsum("ij,ij->i", *(units[side].astype(np.float64) for side in pair)) for pair in found]
    cosine = np.minimum(np.concatenate([np.zeros(0), *likeness]), 1.0)
    return pairs_above(ones[left], ones[right], cosine, similarity - 1e-7, same)


def _all_pairs(units: np.ndarray, least: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(units), _BLOCK):
        for other in range(start, len(units), _BLOCK):
            left, right = np.nonzero(units[start : start + _BLOCK] @ units[other : other + _BLOCK].T >= least)
            later = left + start < right + other
            yield left[later] + start, right[later] + other


def _indexed(units: np.ndarray, least: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Candidates of an inverted file: each vector is compared with those in the cells nearest to it."""
    faiss = optional("faiss", "data", "step semantic_duplicates")
    width = units.shape[1]
    cells = int(max(1, 4 * len(units) ** 0.5))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1  # few points a cell are meant, no reason to warn
    index.train(units)
    index.add(units)
    index.nprobe = min(cells, _PROBES)
    for start in range(0, len(units), _BLOCK):
        limits, _, right = index.range_search(units[start : start + _BLOCK], least)
        left = np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64))) + start
        pairs = np.unique(np.minimum(left, right) * len(units) + np.maximum(left, right))
        low, high = pairs // len(units), pairs % len(units)
        first_seen = (low < high) & (low >= start) & (low < start + _BLOCK)
        yield low[first_seen], high[first_seen]
