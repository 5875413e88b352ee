"""Words of a text."""

from __future__ import annotations

import re

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


def normal(text: str) -> str:
    """A text without differences of case and white space."""
    return " ".join(text.casefold().split())
