"""Words of a text, and the filter of rows that hold rare words only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import tally

CJK = "぀-ヿ㐀-鿿豈-﫿"
"""Kana and Han, as a range of a regular expression: written without spaces, so each is a word."""
_WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


def words(text: str) -> list[str]:
    """The words of a text in lower case; of Chinese and Japanese, the characters.

    >>> words("My card's lost: 卡丢了")
    ['my', 'card', 's', 'lost', '卡', '丢', '了']
    """
    return _WORD.findall(text.casefold())


def normal(text: str) -> str:
    """A text without differences of case and white space."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class RareTokens(Step):
    """Drop rows that hold rare words only: words that stand in fewer than `min_count` train rows.

    Such a row (a name, a code, a key pressed at random) teaches nothing that another row confirms. Rare words
    inside other rows stay: a sub-word model reads them, and their removal would make unusual sentences.
    A row without any word is not this step's business and stays.
    """

    name: ClassVar[str] = "rare_tokens"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    train_only: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("common",)

    min_count: Annotated[int, Field(ge=1)] = 2
    text: str = "text"
    common: tuple[str, ...] | None = None

    def partial(self, batch: Batch) -> Counter[str]:
        """In how many rows each word stands."""
        return Counter(word for found in self._words(batch) for word in found)

    def merge(self, left: Counter[str], right: Counter[str]) -> Counter[str]:
        """Counts of both blocks."""
        return left + right

    def finish(self, total: Counter[str]) -> Self:
        """The step with its common words."""
        return replace(
            self, common=tuple(sorted(word for word, rows in total.items() if rows >= self.min_count))
        )

    def __call__(self, batch: Batch) -> Batch:
        """The rows with a common word, or with none at all."""
        common = frozenset(self.common or ())
        kept = [not found or not common.isdisjoint(found) for found in self._words(batch)]
        return batch.keep(
            np.array(kept, dtype=bool), self.name, f"only words of fewer than {self.min_count} rows"
        )

    def _words(self, batch: Batch) -> list[set[str]]:
        tally.present(batch, [self.text], self.name)
        return [set(words(text or "")) for text in batch[self.text]]
