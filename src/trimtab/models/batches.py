"""Rows for the network: length-bucketed batches that depend on nothing but seed and epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

POOL = 50
"""Batches whose rows are sorted by length together: enough to pad by 2 % only, few enough to stay random."""


@dataclass(frozen=True)
class Examples:
    """Token numbers of n rows, and what to answer.

    `targets` (n, classes) float32 are probabilities: one-hot for labels, anything that sums to one
    for a teacher's answers. `truth` (n,) int64 are the true classes, for scoring.
    """

    tokens: Sequence[Sequence[int]]
    targets: np.ndarray
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, rows: int) -> Examples:
        """The first `rows` rows."""
        return Examples(self.tokens[:rows], self.targets[:rows], self.truth[:rows])


def one_hot(truth: np.ndarray, classes: int, smoothing: float = 0.0) -> np.ndarray:
    """Class numbers (n,) as probabilities (n, classes), `smoothing` of each spread over all classes.

    >>> one_hot(np.array([1]), 2, 0.2)
    array([[0.1, 0.9]], dtype=float32)
    """
    targets = np.full((len(truth), classes), smoothing / classes, np.float32)
    targets[np.arange(len(truth)), truth] += 1 - smoothing
    return targets


def epoch_batches(lengths: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of each batch of an epoch: random, but of like lengths within a batch."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [batches[at] for at in rng.permutation(len(batches))]


def pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token numbers and mask, both (rows, longest) int64, padded with zeros on the right."""
    longest = max(len(row) for row in rows)
    ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
