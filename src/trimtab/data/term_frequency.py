"""Filters by document frequency: in how many rows a word stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import polars as pl
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.kinds import texts_of
from trimtab.data.terms import WORD

Frequency = tuple[int, pl.DataFrame]
"""Rows with a word, and a frame of `word` and `rows`."""


@dataclass(frozen=True)
class TermFrequency(Step):
    """Find words that stand in fewer than `min_count` train rows, or in more than a share of `max_share` of
    them.

    `action: drop` drops train rows that hold nothing but such words: a name or a key pressed at random,
    which no other row confirms, or a phrase that every row holds. Such words inside other rows stay,
    because a sub-word model reads them. `action: remove` takes the words out of every text instead, a
    request's too. A row without any word is not this step's business. Of Chinese, each character is a word.
    """

    name: ClassVar[str] = "term_frequency"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    learned: ClassVar[tuple[str, ...]] = ("common",)

    min_count: Annotated[int, Field(ge=1)] = 2
    max_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    action: Literal["drop", "remove"] = "drop"
    text: TextColumn = "text"
    common: tuple[str, ...] | None = None

    @property
    def train_only(self) -> bool:
        """Only dropping stays behind."""
        return self.action == "drop"

    def partial(self, batch: Batch) -> Frequency:
        """In how many rows each word stands."""
        found = self._words(batch).list.unique()
        words = pl.DataFrame({"word": found.explode().drop_nulls()})
        return int((found.list.len() > 0).sum()), _total(words.with_columns(rows=pl.lit(1, pl.Int64)))

    def merge(self, left: Frequency, right: Frequency) -> Frequency:
        """Counts of both blocks."""
        return left[0] + right[0], _total(pl.concat([left[1], right[1]]))

    def finish(self, total: Frequency) -> Self:
        """The step with the words that are neither rare nor everywhere."""
        rows, words = total
        kept = words.filter(pl.col("rows") >= self.min_count, pl.col("rows") <= self.max_share * rows)
        return replace(self, common=tuple(kept["word"].sort()))

    def __call__(self, batch: Batch) -> Batch:
        """The rows with a word in between, or with none at all; or the texts without the other words."""
        words = self._words(batch)
        common = pl.Series(self.common or (), dtype=pl.String)
        if self.action == "remove":
            return batch.with_columns(**{self.text: _without(batch[self.text], common)})
        rest = words.list.set_intersection(common.implode())
        empty = (words.list.len() > 0) & (rest.list.len() == 0)
        return batch.keep(~empty.fill_null(False).to_numpy(), self.name, self._reason())

    def _reason(self) -> str:
        rare = f"only words of fewer than {self.min_count} rows"
        return rare if self.max_share == 1 else f"{rare} or of more than {self.max_share:.0%} of rows"

    def _words(self, batch: Batch) -> pl.Series:
        return texts_of(batch, self.text, self.name).str.to_lowercase().str.extract_all(WORD)


@dataclass(frozen=True)
class RareTokens(TermFrequency):
    """Drop train rows that hold rare words only: `term_frequency` under its older name."""

    name: ClassVar[str] = "rare_tokens"


def _total(words: pl.DataFrame) -> pl.DataFrame:
    return words.group_by("word").agg(pl.col("rows").sum())


def _without(texts: pl.Series, common: pl.Series) -> pl.Series:
    """The texts without the words that are not `common`, white space folded."""
    piece = pl.element()
    stays = ~piece.str.contains(r"\w") | piece.str.to_lowercase().is_in(common.implode())
    pieces = texts.cast(pl.String).str.extract_all(rf"{WORD}|\W+").list.eval(piece.filter(stays))
    return pieces.list.join("").str.replace_all(r"\s+", " ").str.strip_chars()
