"""Words of English and Chinese, cut and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.words import cut, join


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Where is my card?", ["Where", "is", "my", "card?"]),
        ("银行卡丢了,怎么办?", ["银行卡", "丢", "了", ",", "怎么办", "?"]),
        ("我的Visa卡丢了", ["我", "的", "Visa", "卡", "丢", "了"]),
        ("", []),
    ],
)
def test_it_cuts_words(text, words):
    assert cut(text) == words


@pytest.mark.parametrize(
    "text", ["Where is my card?", "银行卡丢了\uff0c怎么办\uff1f", "我的Visa卡丢了。", ""]
)
def test_it_puts_words_together_as_they_are_written(text):
    assert join(cut(text)) == text


@given(st.text())
def test_it_loses_nothing_but_white_space(text):
    assert "".join(join(cut(text)).split()) == "".join(text.split())
