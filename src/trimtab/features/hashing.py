"""Feature hashing: terms without a vocabulary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.core.columns import TextColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import texts_of
from trimtab.features.feature import Feature, Names
from trimtab.features.matrix import unit_rows
from trimtab.features.terms import Language, Unit, ngrams


@dataclass(frozen=True)
class Hashing(Feature):
    """Signed hashing of the n-grams of `text` into `width` columns (Weinberger et al., 2009).

    It learns nothing. A hash says the column, another bit of it the sign, so that terms that fall together
    cancel out on average. `sublinear` takes 1 + ln(count) of each term before hashing; each row is scaled to
    length 1.
    """

    name: ClassVar[str] = "hashing"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})

    text: TextColumn = "text"
    unit: Unit = "word"
    ngrams: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 2)
    width: Annotated[int, Field(ge=1, le=2**31)] = 2**16
    sublinear: bool = True
    language: Language = "auto"

    def names(self, sources: Names) -> tuple[str, ...]:
        """Numbers of the columns: a hash cannot be read back."""
        del sources
        return tuple(f"{self.output}[{at}]" for at in range(self.width))

    def vectors(self, batch: Batch) -> csr_matrix:
        """Signed counts (rows, width), each row of length 1."""
        places: dict[str, tuple[int, float]] = {}
        indices: list[int] = []
        data: list[float] = []
        ends = [0]
        for text in texts_of(batch, self.text, self.name):
            row: dict[int, float] = {}
            for term, count in Counter(ngrams(text, self.unit, self.ngrams, self.language)).items():
                if term not in places:
                    places[term] = place(term, self.width)
                at, sign = places[term]
                row[at] = row.get(at, 0.0) + sign * (1 + np.log(count) if self.sublinear else count)
            indices += row.keys()
            data += row.values()
            ends.append(len(indices))
        parts = (np.array(data, np.float64), np.array(indices, np.int64), np.array(ends, np.int64))
        rows = csr_matrix(parts, shape=(len(batch), self.width))
        rows.sort_indices()
        return unit_rows(rows)


def place(term: str, width: int) -> tuple[int, float]:
    """Column and sign of a term: the same on every machine, today and tomorrow."""
    number = int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
    return (number >> 1) % width, 1.0 if number & 1 else -1.0
