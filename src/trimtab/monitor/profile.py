"""The reference profile: what traffic looked like when the model was made. It travels in the bundle.

The four traits of a request are its cosine to the nearest training text, the entropy of its answer, its
length and the class answered. The reference holds those of *validation* rows. Training rows would not do:
each is its own nearest neighbour (cosine 1) and the model is surer of it than of anything new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from trimtab.core.errors import BundleError
from trimtab.core.measure import entropy
from trimtab.runtime.base import Output

INDEX_ROWS = 4096
"""Most training embeddings kept: 4,096 of width 384 are 3.1 MB in half precision."""
_BLOCK = 256


@dataclass(frozen=True)
class Traits:
    """What the detectors compare, one value for each of n requests, in any order.

    `nearest` cosine to the nearest training embedding; `entropy` of the answer's probabilities in nats;
    `length` in characters; `predicted` class number.
    """

    nearest: np.ndarray
    entropy: np.ndarray
    length: np.ndarray
    predicted: np.ndarray

    def __len__(self) -> int:
        return len(self.predicted)

    def take(self, positions: np.ndarray | slice) -> Traits:
        """The traits of the requests at `positions`."""
        return Traits(**{name: values[positions] for name, values in asdict(self).items()})

    @classmethod
    def join(cls, parts: Sequence[Traits]) -> Self:
        """The traits of several windows, one after the other."""
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("nearest", "entropy", "length", "predicted")
            )
        )


@dataclass(frozen=True)
class Profile:
    """The traits of the reference rows, and the training embeddings that nearness is searched in.

    `index` (rows, width) float16, each row of length 1; `classes` is the number of classes.
    """

    index: np.ndarray
    traits: Traits
    classes: int

    def nearest(self, embedding: np.ndarray) -> np.ndarray:
        """Cosine (n,) float32 of each embedding (n, width) to its nearest training embedding."""
        return nearest_cosine(self.index, embedding)

    @classmethod
    def of(cls, place: str, stored: tuple[Mapping[str, Any], Mapping[str, np.ndarray]]) -> Self:
        """The profile that `Bundle.profile()` read.

        Raises:
            BundleError: an array is missing.
        """
        facts, arrays = stored
        try:
            traits = Traits(*(arrays[name] for name in ("nearest", "entropy", "length", "predicted")))
            return cls(arrays["index"], traits, int(facts["classes"]))
        except KeyError as error:
            raise BundleError(
                place, f"the reference profile lacks {error}", "run `trimtab run` again"
            ) from error


def reference_profile(
    train_embedding: np.ndarray,
    valid_texts: Sequence[str],
    valid: Output,
    labels: Sequence[str],
    rows: int = INDEX_ROWS,
    seed: int = 0,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Facts and arrays for `core.bundle.write_bundle(profile=...)`.

    `train_embedding` (train rows, width) and `valid`, the answers with embeddings to `valid_texts`, must
    come from the very model that is served. Of more than `rows` training rows a fixed random choice is kept;
    to embed no more than these, pass the rows at `index_positions`.
    """
    if valid.embedding is None:
        raise ValueError("the reference profile needs embeddings: ask the model with embed=True")
    kept = index_positions(len(train_embedding), rows, seed)
    index = unit(train_embedding[kept]).astype(np.float16)
    traits = Traits(
        nearest=nearest_cosine(index, valid.embedding),
        entropy=entropy(valid.probabilities),
        length=lengths(valid_texts),
        predicted=valid.probabilities.argmax(axis=1).astype(np.int32),
    )
    counts = np.bincount(traits.predicted, minlength=len(labels))
    facts = {
        "rows": len(traits),
        "index_rows": len(index),
        "width": int(index.shape[1]),
        "classes": len(labels),
        "predicted": {label: int(count) for label, count in zip(labels, counts, strict=True)},
        "median": {
            name: float(np.median(getattr(traits, name))) for name in ("nearest", "entropy", "length")
        },
    }
    return facts, {"index": index, **asdict(traits)}


def index_positions(rows: int, most: int = INDEX_ROWS, seed: int = 0) -> np.ndarray:
    """Which of `rows` training rows the index keeps, ascending: only these need to be embedded.

    >>> index_positions(3).tolist()
    [0, 1, 2]
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def nearest_cosine(index: np.ndarray, embedding: np.ndarray) -> np.ndarray:
    """Cosine (n,) of each embedding (n, width) to the nearest of `index` (rows, width), in blocks of rows.

    >>> nearest_cosine(np.eye(2), np.array([[3.0, 4.0]]))
    array([0.8], dtype=float32)
    """
    wide = index.astype(np.float32)
    blocks = [
        (unit(embedding[start : start + _BLOCK]) @ wide.T).max(axis=1)
        for start in range(0, len(embedding), _BLOCK)
    ]
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def lengths(texts: Sequence[str]) -> np.ndarray:
    """Characters (n,) of each text, after folding white space as a tokenizer does."""
    return np.array([len(" ".join(text.split())) for text in texts], dtype=np.int32)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows (n, width) scaled to length 1, float32; a row of zeros stays zero."""
    wide = rows.astype(np.float32)
    norm = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norm > 0, norm, 1.0), dtype=np.float32)
