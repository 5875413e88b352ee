"""Words, and rows of rare words only."""

from __future__ import annotations

from rows import batch_of
from trimtab.data.terms import RareTokens, normal, words

TEXTS = ["my card", "my cash", "qwrtz", "??", None, "qwrtz card", "asdf asdf"]


def test_it_drops_rows_that_hold_rare_words_only():
    batch = batch_of(TEXTS)
    after = RareTokens().learn(batch)(batch)
    assert [drop.row["text"] for drop in after.dropped] == ["asdf asdf"]
    assert after.dropped[0].reason == "only words of fewer than 2 rows"


def test_it_drops_more_the_more_rows_a_word_must_stand_in():
    batch = batch_of(TEXTS)
    assert len(RareTokens(min_count=1).learn(batch)(batch)) == len(TEXTS)
    assert RareTokens(min_count=3).learn(batch)(batch)["text"].to_list() == ["??", None]


def test_it_takes_each_chinese_character_for_a_word():
    assert words("我的卡 lost") == ["我", "的", "卡", "lost"]
    batch = batch_of(["我的卡", "卡丢了", "龘"])
    assert [drop.row["text"] for drop in RareTokens().learn(batch)(batch).dropped] == ["龘"]


def test_it_folds_case_and_white_space():
    assert normal("\n My  CARD\t") == normal("my card") == "my card"
