"""Easy data augmentation (Wei and Zou, 2019): words deleted, swapped, inserted at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trimtab.data.augment import Edit, chosen
from trimtab.data.synonyms import WithSynonyms, candidates, pieces_of
from trimtab.data.words import cut, join


@dataclass(frozen=True)
class RandomEdit(Edit):
    """Delete, swap, or insert again elsewhere `rate` of the words, at least one, each edit drawn at random.

    The words of Chinese are those that rjieba cuts. A row of fewer than two words is not copied.
    """

    name: ClassVar[str] = "random_edit"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text edited; None if it has one word or none, or the edits cancelled out."""
        return edit(text, self.rate, rng)


def edit(text: str, rate: float, rng: np.random.Generator) -> str | None:
    """The text with `rate` of its words, at least one, deleted, swapped or inserted; None if it stays equal.

    >>> edit("lost", 0.1, np.random.default_rng(0)) is None
    True
    """
    words = cut(text)
    if len(words) < 2:
        return None
    edited = list(words)
    for _ in range(max(1, round(rate * len(words)))):
        kind = int(rng.integers(3))
        one, two = (int(place) for place in rng.integers(len(edited), size=2))
        if kind == 0 and len(edited) > 1:
            del edited[one]
        elif kind == 1:
            edited[one], edited[two] = edited[two], edited[one]
        else:
            edited.insert(two, words[int(rng.integers(len(words)))])
    return join(edited) if edited != words else None


@dataclass(frozen=True)
class RandomDelete(Edit):
    """Delete `rate` of the words, at least one and never all; a row of fewer than two words is not copied."""

    name: ClassVar[str] = "random_delete"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text without some of its words."""
        words = cut(text)
        if len(words) < 2:
            return None
        gone = chosen(range(len(words)), self.rate, len(words), rng)[: len(words) - 1]
        return join(word for at, word in enumerate(words) if at not in gone)


@dataclass(frozen=True)
class RandomSwap(Edit):
    """Swap two words, `rate` times the number of words and at least once; a row of one word is not copied."""

    name: ClassVar[str] = "random_swap"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with words swapped; None if the swaps cancelled out."""
        words = cut(text)
        if len(words) < 2:
            return None
        edited = list(words)
        for _ in range(max(1, round(self.rate * len(words)))):
            one, two = (int(place) for place in rng.choice(len(words), 2, replace=False))
            edited[one], edited[two] = edited[two], edited[one]
        return join(edited) if edited != words else None


@dataclass(frozen=True)
class RandomInsert(WithSynonyms):
    """Insert synonyms of `rate` of the words, at least one, anywhere.

    A row without a word in the table is not copied. The synonyms, and the user's own `table` of them, are
    those of the step `synonym`.
    """

    name: ClassVar[str] = "random_insert"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with synonyms of its words inserted; None where no word has one."""
        table = self.synonyms(text)
        known = [found for piece in pieces_of(text) if (found := candidates(piece.lower(), table))]
        words = cut(text)
        if not known:
            return None
        for at in chosen(range(len(known)), self.rate, len(words), rng):
            other = known[at][int(rng.integers(len(known[at])))]
            words.insert(int(rng.integers(len(words) + 1)), other)
        return join(words)
