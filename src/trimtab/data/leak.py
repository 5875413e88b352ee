"""Leakage: texts that stand in two parts of the data, so that the second part tells nothing new."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trimtab.core.objects import Batch
from trimtab.data.minhash import shingles, similar
from trimtab.data.terms import normal

NEAR = 0.9
"""Jaccard similarity of character 3-grams from which two texts count as nearly the same."""


@dataclass(frozen=True)
class Twin:
    """A row of one part and the row of the other that it resembles."""

    left: int
    right: int
    likeness: float
    left_text: str
    right_text: str
    same_label: bool


@dataclass(frozen=True)
class Leakage:
    """What two parts share: pairs of rows with the same text, and with nearly the same.

    Texts are the same when only case and white space differ. Of several rows with one text, the first
    stands for all in the pairs.
    """

    exact: tuple[Twin, ...]
    near: tuple[Twin, ...]

    def facts(self, shown: int = 50) -> dict[str, Any]:
        """Counts for the report, and the first pairs of each kind."""
        return {
            "exact": len(self.exact),
            "near": len(self.near),
            "exact_pairs": [asdict(twin) for twin in self.exact[:shown]],
            "near_pairs": [asdict(twin) for twin in self.near[:shown]],
        }


def leakage(
    left: Batch, right: Batch, text: str = "text", label: str = "label", similarity: float = NEAR
) -> Leakage:
    """The texts that `left` and `right` share."""
    ours, theirs = _first(left, text), _first(right, text)
    exact = [_twin(left, right, ours[key], theirs[key], 1.0, text, label) for key in ours if key in theirs]
    mine = [key for key in ours if key not in theirs]
    other = [key for key in theirs if key not in ours]
    pairs = similar(shingles([*mine, *other]), similarity)
    crossing = np.flatnonzero((pairs.left < len(mine)) & (pairs.right >= len(mine)))
    near = [
        _twin(
            left,
            right,
            ours[mine[pairs.left[at]]],
            theirs[other[pairs.right[at] - len(mine)]],
            float(pairs.likeness[at]),
            text,
            label,
        )
        for at in crossing
    ]
    return Leakage(_ordered(exact), _ordered(near))


def drop_leaks(train: Batch, test: Batch, text: str = "text") -> Batch:
    """The train rows whose text does not stand in test too, but for case and white space.

    Test rows are never touched: they are what the user wants to know about.
    """
    held = _first(test, text)
    twins = [held.get(normal(value)) for value in train[text]]
    kept = np.array([twin is None for twin in twins], dtype=bool)
    reasons = [f"leak: same text as test row {test.ids[twin]}" for twin in twins if twin is not None]
    return train.keep(kept, "leak", reasons)


def _first(batch: Batch, text: str) -> dict[str, int]:
    """Each text, folded, to the place of its first row; a text without characters is not counted."""
    places: dict[str, int] = {}
    for at, value in enumerate(batch[text]):
        if key := normal(value):
            places.setdefault(key, at)
    return places


def _twin(left: Batch, right: Batch, at: int, to: int, likeness: float, text: str, label: str) -> Twin:
    return Twin(
        int(left.ids[at]),
        int(right.ids[to]),
        round(likeness, 4),
        left[text][at],
        right[text][to],
        left[label][at] == right[label][to],
    )


def _ordered(twins: list[Twin]) -> tuple[Twin, ...]:
    return tuple(sorted(twins, key=lambda twin: (-twin.likeness, twin.left, twin.right)))
