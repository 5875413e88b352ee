"""Words of a text."""

from __future__ import annotations

import re
from unicodedata import normalize

CJK = "぀-ヿ㐀-鿿豈-﫿"
"""Kana and Han, as a range of a regular expression: written without spaces, so each is a word."""
WORD = rf"[{CJK}]|[^\W{CJK}]+"
"""One word, as a regular expression that Python and Polars read alike."""
_WORD = re.compile(WORD)


def words(text: str) -> list[str]:
    """The words of a text in lower case; of Chinese and Japanese, the characters.

    >>> words("My card's lost: 卡丢了")
    ['my', 'card', 's', 'lost', '卡', '丢', '了']
    """
    return _WORD.findall(text.casefold())


def folded(text: str) -> str:
    """A text without differences of case, and of the ways that Unicode has to write a character (NFKC).

    Full and half width, ligatures, composed and decomposed accents; folding the case may take accents apart
    again, hence twice.

    >>> folded("\uff21pp\u006c\u0065\u0301") == folded("appl\u00e9")
    True
    """
    return normalize("NFKC", normalize("NFKC", text).casefold())


def normal(text: str) -> str:
    """A text without differences of case, of how Unicode writes a character, and of white space."""
    plain = text.casefold() if text.isascii() else folded(text)  # ASCII is most of most files
    return " ".join(plain.split())
