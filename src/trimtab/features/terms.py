"""From a text to its terms: n-grams of words or of characters, English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Literal

from trimtab.core.optional import optional
from trimtab.data.terms import words

Unit = Literal["word", "char", "char_wb"]
Language = Literal["auto", "spaced", "chinese"]
"""`spaced`: words stand between spaces (of Han, each character is one); `chinese`: a segmenter finds them;
`auto`: it finds them in texts with Han characters."""

_HAN = re.compile("[㐀-鿿豈-﫿]")
_SPACES = re.compile(r"\s\s+")


def has_han(text: str | None) -> bool:
    """Whether a text holds Chinese characters."""
    return text is not None and _HAN.search(text) is not None


def words_of(text: str | None, language: Language) -> list[str]:
    """The words of a text in lower case, without punctuation; a missing text has none.

    Raises:
        EnvironmentFault: Chinese words are wanted and rjieba is not installed.
    """
    if text is None:
        return []
    if language == "spaced" or (language == "auto" and not has_han(text)):
        return words(text)
    return [word for word in _segmenter().cut(text.casefold()) if any(letter.isalnum() for letter in word)]


@cache
def _segmenter() -> Any:
    return optional("rjieba", "data", "Chinese words")


def ngrams(text: str | None, unit: Unit, sizes: tuple[int, int], language: Language) -> Iterator[str]:
    """The n-grams of a text, `sizes[0]` to `sizes[1]` words or characters long; a missing text has none.

    `char_wb` are the characters inside words, with a space at each end, as in scikit-learn.
    """
    if unit == "word":
        return _joined(words_of(text, language), sizes)
    flat = _SPACES.sub(" ", (text or "").casefold())
    return _pieces(flat, sizes) if unit == "char" else _inside_words(flat.split(), sizes)


def _joined(found: list[str], sizes: tuple[int, int]) -> Iterator[str]:
    for size in range(sizes[0], sizes[1] + 1):
        for start in range(len(found) - size + 1):
            yield " ".join(found[start : start + size])


def _pieces(text: str, sizes: tuple[int, int]) -> Iterator[str]:
    for size in range(sizes[0], sizes[1] + 1):
        for start in range(len(text) - size + 1):
            yield text[start : start + size]


def _inside_words(found: Iterable[str], sizes: tuple[int, int]) -> Iterator[str]:
    for word in found:
        padded = f" {word} "
        if len(padded) <= sizes[0]:
            yield padded  # shorter than the shortest: one n-gram, counted once
            continue
        yield from _pieces(padded, (sizes[0], min(sizes[1], len(padded))))
