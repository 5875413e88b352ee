"""Words of a text."""

from __future__ import annotations

from trimtab.data.terms import normal, words


def test_it_takes_each_chinese_character_for_a_word():
    assert words("我的卡 lost") == ["我", "的", "卡", "lost"]


def test_it_folds_case_and_white_space():
    assert normal("\n My  CARD\t") == normal("my card") == "my card"
