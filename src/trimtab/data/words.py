"""Words as a writer sees them: those of English between spaces, those of Chinese as rjieba cuts them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trimtab.core.optional import optional
from trimtab.data.terms import CJK

WIDE = f"{CJK}\u3001-\u303f\uff01-\uffef"
"""Kana, Han and full-width punctuation: written without spaces."""
_RUN = re.compile(rf"[{CJK}]+|[{WIDE}]|[^\s{WIDE}]+")
_HAN = re.compile(f"[{CJK}]")
_WIDE = re.compile(f"[{WIDE}]")


def is_chinese(text: str) -> bool:
    """True where kana or Han stand in the text."""
    return _HAN.search(text) is not None


def cut(text: str) -> list[str]:
    """The words of a text, punctuation with the word it touches, or alone where it is full-width.

    >>> cut("my card's lost!")
    ['my', "card's", 'lost!']
    """
    found: list[str] = []
    for run in _RUN.findall(text):
        found += cut_chinese(run) if is_chinese(run) else [run]
    return found


def cut_chinese(text: str) -> list[str]:
    """The words of a Chinese text, and what lies between them; joined they are the text again."""
    return list(optional("rjieba", "data", "cutting Chinese words").cut(text))


def join(words: Iterable[str]) -> str:
    """A text of these words, with spaces where they are written.

    >>> join(["我的", "Visa", "卡", "is", "lost"])
    '我的Visa卡is lost'
    """
    text = ""
    for word in words:
        touching = not text or _WIDE.match(text[-1]) or _WIDE.match(word[0])
        text += word if touching else f" {word}"
    return text
