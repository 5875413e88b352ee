"""TF-IDF of n-grams of words or characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.core.columns import TextColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import texts_of
from trimtab.features.feature import Feature, Names
from trimtab.features.matrix import unit_rows
from trimtab.features.terms import Language, Unit, has_han, ngrams


@dataclass(frozen=True)
class TermCounts:
    """Texts, those with Han characters, and by term: texts that hold it, and times it occurs."""

    texts: int
    with_han: int
    documents: Counter[str]
    occurrences: Counter[str]


@dataclass(frozen=True)
class TfIdf(Feature):
    """TF-IDF of the n-grams of `text` (Salton & Buckley, 1988), sparse, each row of length 1.

    `unit` is word, char, or char_wb (characters inside words); `ngrams` the shortest and the longest. Kept
    are terms in at least `min_df` train texts and at most the share `max_df` of them; of these, the
    `max_features` most frequent. `sublinear` takes 1 + ln(count). idf is ln((1 + texts) / (1 + texts with the
    term)) + 1. The numbers are those of scikit-learn's TfidfVectorizer with the same words.
    """

    name: ClassVar[str] = "tfidf"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    learned: ClassVar[tuple[str, ...]] = ("han", "terms", "idf")

    text: TextColumn = "text"
    unit: Unit = "word"
    ngrams: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 2)
    min_df: Annotated[int, Field(ge=1)] = 2
    max_df: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_features: Annotated[int, Field(ge=1)] | None = 100_000
    sublinear: bool = True
    language: Language = "auto"
    han: bool | None = None
    terms: tuple[str, ...] | None = None
    idf: np.ndarray | None = None

    def partial(self, batch: Batch) -> TermCounts:
        """Counts of every term."""
        rows = texts_of(batch, self.text, self.name).to_list()
        documents: Counter[str] = Counter()
        occurrences: Counter[str] = Counter()
        for text in rows:
            found = Counter(ngrams(text, self.unit, self.ngrams, self.language))
            documents.update(found.keys())
            occurrences.update(found)
        return TermCounts(len(rows), sum(map(has_han, rows)), documents, occurrences)

    def merge(self, left: TermCounts, right: TermCounts) -> TermCounts:
        """Counts of both blocks."""
        return TermCounts(
            left.texts + right.texts,
            left.with_han + right.with_han,
            left.documents + right.documents,
            left.occurrences + right.occurrences,
        )

    def finish(self, total: TermCounts) -> Self:
        """The step with its terms, in the order of the alphabet, and their idf."""
        most = self.max_df * total.texts
        kept = [term for term, rows in total.documents.items() if self.min_df <= rows <= most]
        if self.max_features is not None:
            kept = sorted(kept, key=lambda term: (-total.occurrences[term], term))[: self.max_features]
        kept.sort()
        rows = np.array([total.documents[term] for term in kept], dtype=np.float64)
        idf = np.log((1 + total.texts) / (1 + rows)) + 1
        return replace(self, han=total.with_han > 0, terms=tuple(kept), idf=idf)

    def names(self, sources: Names) -> tuple[str, ...]:
        """The terms."""
        del sources
        return self.terms or ()

    def vectors(self, batch: Batch) -> csr_matrix:
        """TF-IDF (rows, terms), each row of length 1; a text without a known term is all zeros."""
        assert self.idf is not None
        rows = texts_of(batch, self.text, self.name)
        counts = term_matrix(
            (ngrams(text, self.unit, self.ngrams, self._language) for text in rows), self._number
        )
        if self.sublinear:
            counts.data = np.log(counts.data) + 1
        counts.data *= self.idf[counts.indices]
        return unit_rows(counts)

    @property
    def _language(self) -> Language:
        # Where train had no Han, no term has: nothing is gained by a segmenter, which serving may lack.
        return "spaced" if self.language == "auto" and not self.han else self.language

    @cached_property
    def _number(self) -> dict[str, int]:
        return {term: at for at, term in enumerate(self.terms or ())}


def term_matrix(rows: Iterable[Iterable[str]], number: dict[str, int]) -> csr_matrix:
    """How often each known term stands in each row: (rows, terms) float64, columns in rising order."""
    indices: list[int] = []
    data: list[int] = []
    ends = [0]
    for row in rows:
        found = sorted(Counter(number[term] for term in row if term in number).items())
        indices += [at for at, _ in found]
        data += [count for _, count in found]
        ends.append(len(indices))
    parts = (np.array(data, np.float64), np.array(indices, np.int64), np.array(ends, np.int64))
    return csr_matrix(parts, shape=(len(ends) - 1, len(number)))
