"""Word vectors: trained by gensim on the train rows, or read from a file; a text is their mean."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.data.kinds import texts_of
from trimtab.features.feature import Feature, Gathered, Names, gather, in_order
from trimtab.features.matrix import unit_rows
from trimtab.features.terms import Language, has_han, words_of
from trimtab.features.tfidf import term_matrix


@dataclass(frozen=True)
class Word2Vec(Feature):
    """The mean of the vectors of a text's words (Mikolov et al., 2013), dense, each row of length 1.

    The vectors are trained on the train texts (skip-gram with negative sampling, or CBOW), with one thread so
    that the same seed gives the same; or read from `file`, in word2vec's text format, relative to the spec.
    `weight` is the idf of each word on the train rows, or none. Serving needs NumPy only.
    """

    name: ClassVar[str] = "word2vec"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    learned: ClassVar[tuple[str, ...]] = ("han", "words", "table", "weights")
    reads: ClassVar[tuple[str, ...]] = ("file",)

    text: TextColumn = "text"
    file: str | None = None
    width: Annotated[int, Field(ge=1)] = 100
    window: Annotated[int, Field(ge=1)] = 5
    min_count: Annotated[int, Field(ge=1)] = 2
    epochs: Annotated[int, Field(ge=1)] = 10
    algorithm: Literal["skip_gram", "cbow"] = "skip_gram"
    weight: Literal["idf", "none"] = "idf"
    language: Language = "auto"
    seed: int = 0
    han: bool | None = None
    words: tuple[str, ...] | None = None
    table: np.ndarray | None = None
    weights: np.ndarray | None = None

    def partial(self, batch: Batch) -> Gathered:
        """The texts: vectors are no sum of summaries."""
        rows = texts_of(batch, self.text, self.name)
        return gather(batch.with_columns(**{self.text: rows}), [self.text])

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """The texts of both blocks."""
        return left + right

    def finish(self, total: Gathered) -> Self:
        """The step with words, vectors (words, width) float32 and the weight of each word."""
        texts = in_order(total)[self.text].to_list()
        sentences = [words_of(text, self.language) for text in texts]
        words, table = self._read() if self.file else self._train(sentences)
        rows = Counter(word for sentence in sentences for word in set(sentence))
        weights = [math.log((1 + len(texts)) / (1 + rows[word])) + 1 for word in words]
        if self.weight == "none":
            weights = [1.0] * len(words)
        han = any(map(has_han, words))
        return replace(self, han=han, words=tuple(words), table=table, weights=np.array(weights))

    def names(self, sources: Names) -> tuple[str, ...]:
        """Numbers of the dimensions."""
        del sources
        assert self.table is not None
        return tuple(f"{self.output}[{at}]" for at in range(self.table.shape[1]))

    def vectors(self, batch: Batch) -> np.ndarray:
        """Weighted means (rows, width) of length 1; a text without a known word is all zeros."""
        assert self.weights is not None
        language = "spaced" if self.language == "auto" and not self.han else self.language
        rows = texts_of(batch, self.text, self.name)
        counts = term_matrix((words_of(text, language) for text in rows), self._number)
        counts.data *= self.weights[counts.indices]
        return unit_rows(np.asarray(counts @ self._table))

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: at for at, word in enumerate(self.words or ())}

    @cached_property
    def _table(self) -> np.ndarray:
        assert self.table is not None
        return self.table.astype(np.float64)

    def _train(self, sentences: list[list[str]]) -> tuple[list[str], np.ndarray]:
        counts = Counter(word for sentence in sentences for word in sentence)
        if not any(count >= self.min_count for count in counts.values()):
            return [], np.empty((0, self.width), np.float32)
        gensim = optional("gensim.models", "data", f"step {self.name}")
        model = gensim.Word2Vec(
            sentences,
            vector_size=self.width,
            window=self.window,
            min_count=self.min_count,
            sg=int(self.algorithm == "skip_gram"),
            epochs=self.epochs,
            seed=self.seed,
            workers=1,
        )
        return list(model.wv.index_to_key), np.array(model.wv.vectors, np.float32)

    def _read(self) -> tuple[list[str], np.ndarray]:
        path = Path(str(self.file))
        words, rows = [], []
        try:
            with path.open(encoding="utf-8") as lines:
                width = int(next(lines).split()[1])
                for number, line in enumerate(lines, start=2):
                    word, *values = line.rstrip().split(" ")
                    if len(values) != width:
                        raise DataError(
                            f"{path}:{number}",
                            f"{len(values)} numbers, not {width}",
                            "mend or remove the line",
                        )
                    words.append(word)
                    rows.append(np.array(values, np.float32))
        except (OSError, ValueError, IndexError, StopIteration) as error:
            raise DataError(
                str(path), f"is no file of word vectors ({error})", "give word2vec's text format"
            ) from error
        return words, np.array(rows, np.float32).reshape(len(rows), width)
