"""From pairs of similar rows to clusters, and to the rows that stay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from trimtab.data.pairs import Pairs

Keep = Literal["first", "longest", "most_complete", "majority_label"]


@dataclass(frozen=True)
class Stay:
    """Who stays for whom: `gone` (dropped rows,) sorted, the row that stays for each, their similarity."""

    gone: np.ndarray
    twin: np.ndarray
    likeness: np.ndarray


def components(pairs: Pairs) -> np.ndarray:
    """The smallest row (rows,) of each row's cluster: all rows that a chain of similar rows connects."""
    smallest = pairs.same.copy()
    left, right = pairs.left, pairs.right
    while len(left):
        low = np.minimum(smallest[left], smallest[right])
        np.minimum.at(smallest, smallest[left], low)
        np.minimum.at(smallest, smallest[right], low)
        while not np.array_equal(shorter := smallest[smallest], smallest):
            smallest = shorter
        apart = smallest[left] != smallest[right]
        left, right = left[apart], right[apart]
    return smallest


def ranks(keep: Keep, worth: np.ndarray, labels: pl.Series, cluster: np.ndarray) -> np.ndarray:
    """The order (rows,) in which rows are asked to stay, from 0; ties go to the smaller row.

    `worth` (rows,) measures each row, where `keep` is about a measure: its length, or its cells with a value.
    The majority is that of the labels in a row's cluster; of equally frequent labels, the one seen first.
    """
    rows = np.arange(len(cluster))
    order = rows
    if keep in ("longest", "most_complete"):
        order = -worth
    elif keep == "majority_label":
        order = _outvoted(labels, cluster)
    ranked = np.empty(len(rows), np.int64)
    ranked[np.lexsort((rows, order))] = rows
    return ranked


def survivors(pairs: Pairs, rank: np.ndarray) -> Stay:
    """Rows are asked in the order of `rank`; one that is like a row that stays, goes.

    So each dropped row is like the very row that stays for it: a chain of small changes is cut where it
    leaves that row.
    """
    rows = np.arange(len(rank))
    best = np.full(len(rank), len(rank))
    np.minimum.at(best, pairs.same, rank)  # equal rows are asked as one, by their best
    speaker = np.argsort(rank)[best[pairs.same]]
    twin, likeness = _greedy(speaker[pairs.left], speaker[pairs.right], pairs.likeness, rank)
    gone = np.flatnonzero(twin[speaker] != rows)
    return Stay(gone, twin[speaker[gone]], likeness[speaker[gone]])


def crossing(pairs: Pairs, first_of_right: int) -> list[tuple[int, int, float]]:
    """Pairs of a row before `first_of_right` and one from there on, with their similarity.

    Of equal rows before it, the first stands for all.
    """
    before: dict[int, int] = {}
    for row, group in enumerate(pairs.same[:first_of_right].tolist()):
        before.setdefault(group, row)
    near = {group: [(row, 1.0)] for group, row in before.items()}
    for left, right, likeness in zip(
        pairs.left.tolist(), pairs.right.tolist(), pairs.likeness.tolist(), strict=True
    ):
        for group, other in ((left, right), (right, left)):
            if other in before:
                near.setdefault(group, []).append((before[other], likeness))
    return [
        (twin, row, likeness)
        for row, group in enumerate(pairs.same[first_of_right:].tolist(), first_of_right)
        for twin, likeness in near.get(group, [])
    ]


def _outvoted(labels: pl.Series, cluster: np.ndarray) -> np.ndarray:
    """0 (rows,) where the row has the most frequent label of its cluster, 1 elsewhere."""
    votes: dict[int, Counter[str]] = {}
    for label, number in zip(labels, cluster.tolist(), strict=True):
        if label is not None:
            votes.setdefault(number, Counter())[label] += 1
    winner = {number: counted.most_common(1)[0][0] for number, counted in votes.items()}
    return np.array(
        [label != winner.get(number) for label, number in zip(labels, cluster.tolist(), strict=True)],
        np.int64,
    )


def _greedy(
    left: np.ndarray, right: np.ndarray, likeness: np.ndarray, rank: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The row that stays (rows,) for each, itself where it stays, and their similarity."""
    swap = rank[left] > rank[right]
    better, worse = np.where(swap, right, left), np.where(swap, left, right)
    order = np.lexsort((rank[better], rank[worse]))
    twin, like = np.arange(len(rank)), np.ones(len(rank))
    gone: set[int] = set()
    for one, two, share in zip(
        better[order].tolist(), worse[order].tolist(), likeness[order].tolist(), strict=True
    ):
        if one not in gone and two not in gone:
            gone.add(two)
            twin[two], like[two] = one, share
    return twin, like
