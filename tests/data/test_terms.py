"""Words of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.terms import folded, normal, words


def test_it_takes_each_chinese_character_for_a_word():
    assert words("我的卡 lost") == ["我", "的", "卡", "lost"]


def test_it_folds_case_and_white_space():
    assert normal("\n My  CARD\t") == normal("my card") == "my card"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\uff21\uff22\uff23\uff11\uff12\uff13", "abc123"),  # full width
        ("ｶﾞｷﾞ", "ガギ"),  # half width, two characters each
        ("e\u0301te\u0301", "été"),  # decomposed
        ("ﬁne\u3000Straße", "fine strasse"),  # a ligature, the ideographic space, sharp s
        ("\u1e9b\u0323", "\u1e69"),  # folding the case takes the order of accents apart again
    ],
)
def test_it_folds_the_ways_that_unicode_has_to_write_a_character(one, other):
    assert normal(one) == normal(other)
    assert normal(one.upper()) == normal(other)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)
    assert normal(normal(text)) == normal(text)
