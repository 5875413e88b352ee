"""Drops near copies of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.objects import Batch
from trimtab.data.copies import KeyedCopies, Keys
from trimtab.data.kinds import texts_of
from trimtab.data.minhash import band_keys, similar, similar_by_key
from trimtab.data.pairs import Pairs
from trimtab.data.shingles import Shingles, Unit, join, shingles


@dataclass(frozen=True)
class NearDuplicates(KeyedCopies):
    """Drop rows whose text is at least `similarity` like the text of a row that stays.

    Likeness is the Jaccard similarity of the sets of shingles: `width` characters (or words) in a row,
    folded as by `drop_duplicates: {fold: true}`. Candidates come from MinHash; each is verified by its true
    similarity.
    """

    name: ClassVar[str] = "near_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})

    text: TextColumn = "text"
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.9
    unit: Unit = "characters"
    width: Annotated[int, Field(ge=1, le=20)] = 3

    def summary(self, batch: Batch) -> Shingles:
        """The rows' shingles."""
        return shingles(texts_of(batch, self.text, self.name).to_list(), self.unit, self.width)

    def pairs(self, summaries: Sequence[Shingles], order: np.ndarray) -> Pairs:
        """The rows that are alike."""
        return similar(join(summaries).take(order), self.similarity)

    def keyed_pairs(self, summaries: Sequence[Shingles], order: np.ndarray, keys: Keys) -> Pairs:
        """The rows that are alike and share a key."""
        return similar_by_key(join(summaries).take(order), self.similarity, *keys)

    def keys_of(self, summary: Shingles) -> tuple[np.ndarray, np.ndarray]:
        """The key of each row in each band."""
        return band_keys(summary, self.similarity)

    def take(self, summary: Shingles, rows: np.ndarray) -> Shingles:
        """The shingles of some rows."""
        return summary.take(rows)

    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> list[str]:
        """The row that each is like, and how much."""
        pairs = zip(twin.tolist(), likeness.tolist(), strict=True)
        return [f"near duplicate of row {row} (Jaccard {like:.2f})" for row, like in pairs]
