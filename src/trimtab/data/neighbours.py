"""Words replaced by their nearest neighbours among word embeddings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import Field

from trimtab.core.errors import DataError
from trimtab.core.hub import model_folder
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.data.augment import Edit, chosen
from trimtab.data.kinds import texts_of
from trimtab.data.synonyms import STOP, candidates, pieces_of

_PLAIN = re.compile(r"[a-z]{2,}")
_ROWS = 512


class _Words(NamedTuple):
    of: Any
    words: frozenset[str]


@dataclass(frozen=True)
class EmbeddingNeighbours(Edit):
    """Replace `rate` of the words, at least one, by one of their `nearest` neighbours in word embeddings.

    `embeddings` is `minilm` (the word embeddings of all-MiniLM-L6-v2: whole English words only), or a file in
    word2vec's format (`.bin` is binary), relative to the spec, which may be of any language. A neighbour's
    cosine is at least `least_neighbour`. Stop words stay. Neighbours may be opposites (`up`, `down`):
    embeddings know what is said in like places, not what means the same (Wang and Yang, 2015).
    """

    name: ClassVar[str] = "embedding_neighbours"
    learned: ClassVar[tuple[str, ...]] = (*Edit.learned, "neighbours")

    embeddings: str = "minilm"
    nearest: Annotated[int, Field(ge=1, le=100)] = 5
    least_neighbour: Annotated[float, Field(ge=-1, le=1)] = 0.5
    neighbours: tuple[tuple[str, ...], ...] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The file of embeddings, unless they are MiniLM's."""
        return () if self.embeddings == "minilm" else ("embeddings",)

    def partial(self, batch: Batch) -> Any:
        """What every copying step counts, and the words of the rows."""
        texts = texts_of(batch, self.text, self.name).fill_null("").to_list()
        words = frozenset(piece.lower() for text in texts for piece in pieces_of(text) if piece[0].isalpha())
        return _Words(super().partial(batch), words - STOP)

    def merge(self, left: Any, right: Any) -> Any:
        """The words of both blocks."""
        return _Words(super().merge(left.of, right.of), left.words | right.words)

    def finish(self, total: Any) -> Self:
        """The step with the neighbours of every word that it may meet."""
        found = nearest(sorted(total.words), self.embeddings, self.nearest, self.least_neighbour)
        return replace(super().finish(total.of), neighbours=tuple((word, *near) for word, near in found))

    @cached_property
    def _table(self) -> Mapping[str, tuple[str, ...]]:
        return {word: tuple(near) for word, *near in self.neighbours or ()}

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with words replaced; None where no word has a neighbour."""
        pieces = pieces_of(text)
        places = [at for at, piece in enumerate(pieces) if piece.lower() in self._table]
        if not places:
            return None
        words = sum(1 for piece in pieces if piece[0].isalpha())
        for at in chosen(places, self.rate, words, rng):
            found = candidates(pieces[at], self._table)
            pieces[at] = found[int(rng.integers(len(found)))]
        return "".join(pieces)


def nearest(
    words: Sequence[str], embeddings: str, most: int, least: float
) -> list[tuple[str, tuple[str, ...]]]:
    """Each known word with its `most` nearest other words of cosine `least` or more, nearest first."""
    known, unit = _minilm() if embeddings == "minilm" else _word2vec(embeddings)
    place = {word: at for at, word in enumerate(known)}
    asked = [word for word in words if word in place]
    found = []
    for start in range(0, len(asked), _ROWS):
        block = asked[start : start + _ROWS]
        cosine = unit[[place[word] for word in block]] @ unit.T
        for word, row in zip(block, cosine, strict=True):
            row[place[word]] = -2
            top = np.argsort(-row, kind="stable")[:most]
            near = tuple(known[at] for at in top if row[at] >= least)
            found += [(word, near)] if near else []
    return found


@lru_cache(maxsize=1)
def _minilm() -> tuple[list[str], np.ndarray]:
    """The whole English words of MiniLM's vocabulary, and their unit vectors."""
    tokenizers = optional("tokenizers", "train", "step embedding_neighbours")
    safetensors = optional("safetensors", "train", "step embedding_neighbours")
    folder = model_folder("minilm")
    vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    words = sorted(word for word in vocabulary if _PLAIN.fullmatch(word))
    with safetensors.safe_open(folder / "model.safetensors", "np") as file:
        name = next(key for key in file.keys() if key.endswith("word_embeddings.weight"))  # noqa: SIM118
        table = file.get_tensor(name)
    return words, _unit(table[[vocabulary[word] for word in words]])


def _word2vec(path: str) -> tuple[list[str], np.ndarray]:
    models = optional("gensim.models", "data", "step embedding_neighbours")
    try:
        loaded = models.KeyedVectors.load_word2vec_format(path, binary=Path(path).suffix == ".bin")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            path, f"cannot be read as word embeddings ({error})", "give a file in word2vec's format"
        ) from error
    return list(loaded.index_to_key), _unit(loaded.vectors)


def _unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float32)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
