"""Categories as numbers: one column each, or their rank."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.core.columns import CATEGORIES, WORDS, CategoryColumn, Columns, Fault, UsualColumn, unfit
from trimtab.core.objects import Batch
from trimtab.data import tally
from trimtab.data.tally import Tally
from trimtab.features.columns import chosen, column, words
from trimtab.features.feature import Feature, Names
from trimtab.features.matrix import Matrix

Categories = tuple[tuple[str, tuple[str, ...]], ...]
"""Column and its categories, in order."""


USUAL = "text and truth values, but for `text` and `label`"


@dataclass(frozen=True)
class Encoder(Feature):
    """What the encoders share: they learn the categories of each column from value counts.

    `columns` are by default all of text, but for text and label; numbers that stand for categories must be
    named. The empty string is a category, a missing value is none.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    takes: ClassVar[str] = USUAL
    learned: ClassVar[tuple[str, ...]] = ("categories",)

    columns: tuple[CategoryColumn, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    categories: Categories | None = None

    @abstractmethod
    def ordered(self, counts: pl.DataFrame) -> tuple[str, ...]:
        """The categories that are kept, in order, from the value counts of a column."""

    def partial(self, batch: Batch) -> Tally:
        """Value counts of the columns."""
        names = chosen(batch, self.columns, WORDS, [self.text, self.label], self.name, CATEGORIES)
        return tally.count({name: words(batch[name]) for name in names})

    def merge(self, left: Tally, right: Tally) -> Tally:
        """Counts of both blocks."""
        return tally.add(left, right)

    def finish(self, total: Tally) -> Self:
        """The step with the categories of each column."""
        return replace(
            self, categories=tuple((name, self.ordered(counts)) for name, counts in sorted(total.items()))
        )

    def codes(self, batch: Batch, name: str, known: tuple[str, ...]) -> np.ndarray:
        """The number of each row's category (rows,) int64; -1 where it is unknown, -2 where it is missing."""
        number = {value: at for at, value in enumerate(known)}
        return np.array(
            [-2 if value is None else number.get(value, -1) for value in words(column(batch, name))], np.int64
        )


@dataclass(frozen=True)
class OneHot(Encoder):
    """One column of zeros and ones for each category, sparse; one more for all rare ones.

    Categories in fewer than `min_count` train rows, and those after the `most` most frequent, share the
    column `rare`. A category that train did not know counts as rare; a missing value is all zeros.
    """

    name: ClassVar[str] = "one_hot"

    min_count: Annotated[int, Field(ge=1)] = 2
    most: Annotated[int, Field(ge=1)] = 1_000

    def ordered(self, counts: pl.DataFrame) -> tuple[str, ...]:
        """The frequent categories, by the alphabet."""
        frequent = counts.filter(pl.col("rows") >= self.min_count)
        return tuple(sorted(frequent.sort(["rows", "value"], descending=[True, False])["value"][: self.most]))

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column and category."""
        del sources
        return tuple(
            named
            for name, known in self.categories or ()
            for named in (*(f"{name}={value}" for value in known), f"{name} rare")
        )

    def vectors(self, batch: Batch) -> Matrix:
        """Zeros and ones (rows, categories)."""
        at, rows, start = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
        for name, known in self.categories or ():
            codes = self.codes(batch, name, known)
            there = np.flatnonzero(codes > -2)
            rows.append(there)
            at.append(start + np.where(codes[there] < 0, len(known), codes[there]))
            start += len(known) + 1
        row, place = np.concatenate(rows), np.concatenate(at)
        return csr_matrix((np.ones(len(row), np.float32), (row, place)), shape=(len(batch), start))


@dataclass(frozen=True)
class Ordinal(Encoder):
    """The rank of each category, dense: 0, 1, 2, by the alphabet or by frequency, or as `order` says.

    An unknown category is -1, a missing value NaN. `order` lists the categories of a column that has an order
    of its own (`{size: [small, medium, large]}`).
    """

    name: ClassVar[str] = "ordinal"

    by: Literal["alphabet", "frequency"] = "alphabet"
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """The columns of `order`, too."""
        yield from super().check(columns)
        for name in self.order if columns is not None else ():
            yield from unfit(name, columns or {})

    def ordered(self, counts: pl.DataFrame) -> tuple[str, ...]:
        """All categories, by the alphabet or the most frequent first."""
        by_rows = self.by == "frequency"
        keys = ["rows", "value"] if by_rows else ["value"]
        return tuple(counts.sort(keys, descending=[True, False] if by_rows else False)["value"])

    def finish(self, total: Tally) -> Self:
        """The step with the categories of each column, in their order."""
        step = super().finish(total)
        known = tuple((name, tuple(self.order.get(name, found))) for name, found in step.categories or ())
        return replace(step, categories=known)

    def names(self, sources: Names) -> tuple[str, ...]:
        """The columns."""
        del sources
        return tuple(name for name, _ in self.categories or ())

    def vectors(self, batch: Batch) -> Matrix:
        """Ranks (rows, columns)."""
        ranks = [self.codes(batch, name, known).astype(np.float32) for name, known in self.categories or ()]
        found = np.stack(ranks, axis=1) if ranks else np.empty((len(batch), 0), np.float32)
        return np.where(found == -2, np.nan, found).astype(np.float32)
