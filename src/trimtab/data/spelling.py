"""Mistakes of the fingers: a neighbouring key, two letters in the wrong order, one left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trimtab.data.augment import Edit, chosen
from trimtab.data.synonyms import pieces_of

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST_LETTERS = 4
"""Shorter words turn into other words too easily."""


def _neighbours() -> dict[str, str]:
    """The keys that touch a key; each row of a keyboard is shifted to the right by half a key."""
    place = {key: (row, at + row / 2) for row, keys in enumerate(ROWS) for at, key in enumerate(keys)}
    return {
        key: "".join(
            sorted(
                other
                for other, (row, at) in place.items()
                if other != key and abs(row - place[key][0]) <= 1 and abs(at - place[key][1]) <= 1
            )
        )
        for key in place
    }


NEIGHBOURS = _neighbours()
"""QWERTY: letter to the letters around it."""


@dataclass(frozen=True)
class SpellingNoise(Edit):
    """Misspell `rate` of the words, at least one: a neighbouring key, two letters swapped, one left out.

    The keyboard is QWERTY. Only words of four or more Latin letters; the first letter stays, as it mostly
    does in print and at the keyboard. Texts without such a word, Chinese ones for instance, are not copied:
    their mistakes come from the input method (homophones), which needs a table of pronunciations that trimtab
    does not have.
    """

    name: ClassVar[str] = "spelling_noise"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with misspelt words; None where no word is long enough."""
        pieces = pieces_of(text)
        places = [at for at, word in enumerate(pieces) if _can_be_misspelt(word)]
        if not places:
            return None
        words = sum(1 for piece in pieces if piece[0].isalpha())
        for at in chosen(places, self.rate, words, rng):
            pieces[at] = misspelt(pieces[at], rng)
        return "".join(pieces)


def misspelt(word: str, rng: np.random.Generator) -> str:
    """The word with one mistake after its first letter.

    >>> misspelt("transfer", np.random.default_rng(1))
    'trasnfer'
    """
    at = int(rng.integers(1, len(word) - 1))
    kind = int(rng.integers(3))
    if kind == 0:
        keys = NEIGHBOURS[word[at].lower()]
        key = keys[int(rng.integers(len(keys)))]
        return word[:at] + (key.upper() if word[at].isupper() else key) + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :]


def _can_be_misspelt(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and all(letter in NEIGHBOURS for letter in word.lower())
