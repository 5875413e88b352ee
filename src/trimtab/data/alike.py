"""How much a copy resembles its source: the cosine of TF-IDF n-grams, or of sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trimtab.core.optional import optional
from trimtab.data.encoder import Encoder

GRAMS = 2**16
"""Places of hashed n-grams: some share one, too few to matter for a threshold."""


def grams(texts: Sequence[str]) -> Any:
    """Counts of character 2- to 4-grams within words, hashed: a CSR matrix (texts, GRAMS)."""
    extraction = optional("sklearn.feature_extraction.text", "data", "the filter of augmented texts")
    hashing = extraction.HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=GRAMS, norm=None, alternate_sign=False
    )
    return hashing.transform(texts)


class Frequency(NamedTuple):
    """Of how many rows, and in how many of them each n-gram (GRAMS,) int64 stands."""

    rows: int
    with_gram: np.ndarray

    def __add__(self, other: Any) -> Frequency:
        """Both blocks."""
        return Frequency(self.rows + other.rows, self.with_gram + other.with_gram)


def gram_frequency(texts: Sequence[str]) -> Frequency:
    """The document frequencies of the texts' n-grams."""
    if not texts:
        return Frequency(0, np.zeros(GRAMS, np.int64))
    return Frequency(len(texts), np.bincount(grams(texts).indices, minlength=GRAMS).astype(np.int64))


def gram_cosines(left: Sequence[str], right: Sequence[str], frequency: Frequency) -> np.ndarray:
    """Cosines (pairs,) of TF-IDF vectors, smoothed as scikit-learn does; 0 of an empty text."""
    if not left:
        return np.zeros(0)
    weight = np.log((1 + frequency.rows) / (1 + frequency.with_gram)) + 1
    one, two = (grams(texts).multiply(weight).tocsr() for texts in (left, right))
    dot = np.asarray(one.multiply(two).sum(axis=1)).ravel()
    length = [np.sqrt(np.asarray(side.multiply(side).sum(axis=1)).ravel()) for side in (one, two)]
    return dot / np.maximum(length[0] * length[1], 1e-12)


def embedding_cosines(encoder: Encoder, left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Cosines (pairs,) of the embeddings that an encoder gives."""
    return np.einsum("ij,ij->i", encoder(left), encoder(right))
