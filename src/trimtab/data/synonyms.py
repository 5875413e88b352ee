"""Words replaced by synonyms: WordNet, Chinese Open WordNet, or a table of the user's own."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import numpy as np

from trimtab.core.errors import DataError
from trimtab.data.augment import Edit, chosen
from trimtab.data.words import cut_chinese, is_chinese

Table = Mapping[str, tuple[str, ...]]

STOP = frozenset(  # one text is read more easily than 150 strings
    """a about above after again against ain all am an and any are aren as at be because been before being
    below between both but by can couldn cannot could did didn do does doesn doing don down during each few
    for from further had hadn has hasn have haven having he her here hers herself him himself his how i if in
    into is isn it its itself just let ll may me might mightn more most must mustn my myself needn no nor not
    now of off on once only or other our ours ourselves out over own re same shan she should shouldn so some
    such than that the their theirs them themselves then there these they this those through to too under
    until up us ve very was wasn we were weren what when where which while who whom why will with won would
    wouldn you your yours yourself yourselves""".split()  # noqa: SIM905
)
"""Words that carry grammar, not meaning; WordNet knows some as nouns (`in` the inch, `at` the coin)."""
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class WithSynonyms(Edit):
    """What the steps share that know synonyms: those of a table that ships, or of the user's own `table`."""

    reads: ClassVar[tuple[str, ...]] = ("table",)

    table: str | None = None

    def synonyms(self, text: str) -> Table:
        """The table for a text.

        Raises:
            DataError: the user's file cannot be read, or a line of it holds no synonym.
        """
        return synonyms_for(text) if self._own is None else self._own

    @cached_property
    def _own(self) -> Table | None:
        return None if self.table is None else _own_table(self.table)


@dataclass(frozen=True)
class Synonym(WithSynonyms):
    """Replace `rate` of the words, at least one, by synonyms of their usual senses.

    English by WordNet 3.0, Chinese (cut by rjieba) by the Chinese Open WordNet. `table` names a file of the
    user's own instead, relative to the spec: a line holds a word, a tab, and its synonyms, joined by `|`;
    `.gz` is unpacked. Stop words stay, the case of the first letter or the whole word is kept, and a plural
    in -s takes the plural of the synonym. Easy data augmentation (Wei and Zou, 2019), without rarer senses.
    """

    name: ClassVar[str] = "synonym"

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text with words replaced; None where no word has a synonym."""
        table = self.synonyms(text)
        pieces = pieces_of(text)
        places = [at for at, piece in enumerate(pieces) if candidates(piece, table)]
        if not places:
            return None
        words = sum(1 for piece in pieces if _WORD.search(piece))
        for at in chosen(places, self.rate, words, rng):
            found = candidates(pieces[at], table)
            pieces[at] = found[int(rng.integers(len(found)))]
        return "".join(pieces)


def pieces_of(text: str) -> list[str]:
    """The words of a text and what stands between them; joined they are the text again.

    >>> pieces_of("My card's lost!")
    ['My', ' ', 'card', "'", 's', ' ', 'lost', '!']
    """
    found: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        found += [text[end : match.start()]] if match.start() > end else []
        found += cut_chinese(match[0]) if is_chinese(match[0]) else [match[0]]
        end = match.end()
    return found + ([text[end:]] if end < len(text) else [])


def candidates(word: str, table: Table) -> tuple[str, ...]:
    """What may stand for a word, in its case and number; nothing for a stop word.

    >>> candidates("Cards", {"card": ("identity card",)})
    ('Identity cards',)
    """
    lower = word.lower()
    if lower in STOP:
        return ()
    if lower in table:
        return tuple(_cased(other, word) for other in table[lower])
    single = _singular(lower)
    if single in table and single not in STOP:
        return tuple(_cased(_plural(other), word) for other in table[single])
    return ()


def synonyms_for(text: str) -> Table:
    """The table that ships for the language of a text."""
    return _shipped("zh" if is_chinese(text) else "en")


@lru_cache
def _shipped(language: str) -> Table:
    packed = files("trimtab.data").joinpath("tables", f"synonyms_{language}.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    return {word: tuple(others.split("|")) for word, _, others in (line.partition("\t") for line in lines)}


def _own_table(path: str) -> Table:
    try:
        raw = Path(path).read_bytes()
        text = (gzip.decompress(raw) if path.endswith(".gz") else raw).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(path, "no such file", "mend `table`; its path starts where the spec lies") from error
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise DataError(path, f"cannot be read as synonyms ({error})", "give a UTF-8 file") from error
    table = {}
    for number, line in enumerate(text.splitlines(), start=1):
        word, _, others = line.partition("\t")
        listed = tuple(other.strip() for other in others.split("|") if other.strip())
        if line.strip() and not (word.strip() and listed):
            raise DataError(
                f"{path}:{number}", f"{line!r} holds no synonym", "write a word, a tab, synonyms joined by |"
            )
        if listed:
            table[word.strip().lower()] = listed
    return table


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"
