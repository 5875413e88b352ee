"""How much a copy resembles its source: the cosine of TF-IDF n-grams, or of sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from trimtab.core.hub import model_folder
from trimtab.core.optional import optional

GRAMS = 2**16
"""Places of hashed n-grams: some share one, too few to matter for a threshold."""
_ROWS = 64


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


def embedding_cosines(encoder: str, left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Cosines (pairs,) of the mean of an encoder's last hidden states (Reimers and Gurevych, 2019)."""
    one, two = (_embed(encoder, texts) for texts in (left, right))
    return np.einsum("ij,ij->i", one, two)


def _embed(encoder: str, texts: Sequence[str]) -> np.ndarray:
    """Unit vectors (texts, width) float32; texts of like length are encoded together."""
    if not texts:
        return np.zeros((0, 1), np.float32)
    torch = optional("torch", "train", f"encoder '{encoder}'")
    tokenizer, model = _load(encoder)
    order = np.argsort([len(text) for text in texts], kind="stable")
    parts = []
    with torch.inference_mode():
        for start in range(0, len(order), _ROWS):
            asked = [texts[at] for at in order[start : start + _ROWS]]
            fed = tokenizer(asked, padding=True, truncation=True, max_length=256, return_tensors="pt")
            states = model(**fed).last_hidden_state
            mask = fed["attention_mask"].unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            parts.append(torch.nn.functional.normalize(mean, dim=1).numpy())
    return np.concatenate(parts)[np.argsort(order, kind="stable")]


@lru_cache(maxsize=1)
def _load(encoder: str) -> tuple[Any, Any]:
    transformers = optional("transformers", "train", f"encoder '{encoder}'")
    transformers.utils.logging.disable_progress_bar()  # the chain shows its own
    folder = model_folder(encoder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer, transformers.AutoModel.from_pretrained(folder).eval()
