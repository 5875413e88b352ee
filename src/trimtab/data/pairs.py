"""Pairs of similar rows, and the one join that finds candidates for them: rows with equal keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """Similar rows: numbers `left` < `right` and their similarity, each (pairs,).

    `same` (rows,) is the first row that equals this one, itself where there is none. The pairs are between
    such first rows only (a page copied a thousand times would else make half a million pairs), sorted by
    `right`, then `left`.
    """

    left: np.ndarray
    right: np.ndarray
    likeness: np.ndarray
    same: np.ndarray


def pairs_above(
    left: np.ndarray, right: np.ndarray, likeness: np.ndarray, least: float, same: np.ndarray
) -> Pairs:
    """The candidates whose similarity is at least `least` (but for rounding), in order."""
    real = np.flatnonzero(likeness >= least - 1e-12)
    order = real[np.lexsort((left[real], right[real]))]
    return Pairs(left[order], right[order], likeness[order], same)


def first_equal(keys: np.ndarray) -> np.ndarray:
    """The first row (rows,) whose key equals this one's.

    >>> first_equal(np.array([5, 7, 5])).tolist()
    [0, 1, 0]
    """
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first[group]


def firsts(same: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """The usable rows that equal no row before them."""
    return np.flatnonzero((same == np.arange(len(same))) & usable)


def equal(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of places with equal 64-bit keys, the smaller place left.

    The place stands in the low bits of what is sorted; enough high bits of a well-mixed key are left to make
    false pairs rare. The caller verifies every pair.
    """
    bits = np.uint64(max(1, len(keys).bit_length()))
    ordered = np.sort(keys >> bits << bits | np.arange(len(keys), dtype=np.uint64))
    order = (ordered & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    ordered >>= bits
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = np.arange(len(keys))
    step = 1
    while len(at):
        at = at[at + step < len(keys)]
        at = at[ordered[at] == ordered[at + step]]
        left.append(order[at])
        right.append(order[at + step])
        step += 1
    return np.concatenate(left), np.concatenate(right)


def distinct(found: list[tuple[np.ndarray, np.ndarray]], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of several joins over `rows` rows, each pair once."""
    numbers = [np.unique(left * rows + right) for left, right in found]
    pairs = np.unique(np.concatenate([np.zeros(0, np.int64), *numbers]))
    return pairs // max(rows, 1), pairs % max(rows, 1)
