"""Leakage: rows that stand in two parts of the data, so that the second part tells nothing new.

What counts as alike is what the steps that drop copies use: equal folded texts, MinHash and the Jaccard
similarity of shingles, and the cosine of embeddings where both parts have them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trimtab.core.objects import Batch
from trimtab.data.clusters import crossing
from trimtab.data.cosine import similar_vectors
from trimtab.data.minhash import similar
from trimtab.data.pairs import Pairs
from trimtab.data.semantic_duplicates import embeddings
from trimtab.data.shingles import shingles
from trimtab.data.terms import normal

NEAR = 0.9
"""Jaccard similarity of character 3-grams from which two texts count as nearly the same."""
SEMANTIC = 0.95
"""Cosine of embeddings from which two rows count as saying the same."""


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
    """What two parts share: pairs of rows with the same text, nearly the same, or the same meaning.

    Texts are the same when `terms.normal` makes them so. Of several rows with one text, the first
    stands for all in the pairs; near and semantic pairs are between other texts. `semantic` is None where
    there are no embeddings to compare.
    """

    exact: tuple[Twin, ...]
    near: tuple[Twin, ...]
    semantic: tuple[Twin, ...] | None = None

    def facts(self, shown: int = 50) -> dict[str, Any]:
        """Counts for the report, and the first pairs of each kind."""
        kinds = {"exact": self.exact, "near": self.near}
        kinds |= {} if self.semantic is None else {"semantic": self.semantic}
        counts = {name: len(twins) for name, twins in kinds.items()}
        return counts | {
            f"{name}_pairs": [asdict(twin) for twin in twins[:shown]] for name, twins in kinds.items()
        }


def leakage(
    left: Batch,
    right: Batch,
    text: str = "text",
    label: str = "label",
    similarity: float = NEAR,
    embedding: str = "embedding",
    cosine: float = SEMANTIC,
) -> Leakage:
    """The texts that `left` and `right` share; their meanings too where both have the column `embedding`."""
    ours, theirs = _first(left, text), _first(right, text)
    both = [(ours[key], theirs[key], 1.0) for key in ours if key in theirs]
    mine = np.array([at for key, at in ours.items() if key not in theirs], np.int64)
    other = np.array([at for key, at in theirs.items() if key not in ours], np.int64)
    texts = [*(left[text][at] for at in mine.tolist()), *(right[text][at] for at in other.tolist())]
    near = _across(similar(shingles(texts), similarity), mine, other)
    meant = None
    if embedding in left.columns.columns and embedding in right.columns.columns:
        vectors = [embeddings(part, embedding, "leakage")[at] for part, at in ((left, mine), (right, other))]
        if vectors[0].shape[1] == vectors[1].shape[1]:
            meant = _across(similar_vectors(np.concatenate(vectors), cosine), mine, other)
    exact, close = (_twins(left, right, found, text, label) for found in (both, near))
    return Leakage(exact, close, None if meant is None else _twins(left, right, meant, text, label))


def drop_leaks(train: Batch, test: Batch, text: str = "text") -> Batch:
    """The train rows whose text does not stand in test too, as `terms.normal` compares them.

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


def _across(pairs: Pairs, mine: np.ndarray, other: np.ndarray) -> list[tuple[int, int, float]]:
    return [
        (int(mine[left]), int(other[right - len(mine)]), likeness)
        for left, right, likeness in crossing(pairs, len(mine))
    ]


def _twins(
    left: Batch, right: Batch, found: list[tuple[int, int, float]], text: str, label: str
) -> tuple[Twin, ...]:
    twins = [
        Twin(
            int(left.ids[at]),
            int(right.ids[to]),
            round(likeness, 4),
            left[text][at],
            right[text][to],
            left[label][at] == right[label][to],
        )
        for at, to, likeness in found
    ]
    return tuple(sorted(twins, key=lambda twin: (-twin.likeness, twin.left, twin.right)))
