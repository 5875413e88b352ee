"""Document frequency: rows of rare or of too frequent words only, and words taken out."""

from __future__ import annotations

import pytest

from rows import batch_of
from trimtab.data.term_frequency import RareTokens, TermFrequency

TEXTS = ["my card", "my cash", "qwrtz", "??", None, "qwrtz card", "asdf asdf"]


@pytest.mark.parametrize("kind", [TermFrequency, RareTokens])
def test_it_drops_rows_that_hold_rare_words_only(kind):
    batch = batch_of(TEXTS)
    after = kind().learn(batch)(batch)
    assert [drop.row["text"] for drop in after.dropped] == ["asdf asdf"]
    assert after.dropped[0].reason == "only words of fewer than 2 rows"


def test_it_drops_more_the_more_rows_a_word_must_stand_in():
    batch = batch_of(TEXTS)
    assert len(TermFrequency(min_count=1).learn(batch)(batch)) == len(TEXTS)
    assert TermFrequency(min_count=3).learn(batch)(batch)["text"].to_list() == ["??", None]


def test_it_takes_each_chinese_character_for_a_word():
    batch = batch_of(["我的卡", "卡丢了", "龘"])
    assert [drop.row["text"] for drop in TermFrequency().learn(batch)(batch).dropped] == ["龘"]


def test_it_drops_rows_of_words_that_stand_nearly_everywhere():
    batch = batch_of(["hello", "hello card", "hello cash card", "hello cash", None, "!"])
    step = TermFrequency(max_share=0.75).learn(batch)
    assert step.common == ("card", "cash")
    after = step(batch)
    assert [drop.row["text"] for drop in after.dropped] == ["hello"]
    assert after.dropped[0].reason == "only words of fewer than 2 rows or of more than 75% of rows"


def test_it_takes_the_words_out_of_every_text_and_then_serves_too():
    batch = batch_of(["Hello my card!", "hello, card", "HELLO cash", "", None, "hello 我的卡", "我的"])
    step = TermFrequency(max_share=0.6, action="remove").learn(batch)
    assert not step.train_only
    assert step(batch)["text"].to_list() == ["card!", ", card", "", "", None, "我的", "我的"]
    assert step(batch_of(["new card"]))["text"].to_list() == ["card"]


def test_it_counts_a_word_once_for_each_row():
    batch = batch_of(["card card card", "cash", "cash"])
    assert TermFrequency().learn(batch).common == ("cash",)
