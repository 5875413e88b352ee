"""Texts by length and by damage of a wrong character set."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import CHINESE, ENGLISH, batch_of
from trimtab.core.errors import ConfigError
from trimtab.data.text_filters import CharsetNoise, TextLength, noise_share, was_utf8

SENTENCE = "请告诉我应该给谁打电话才能马上把它锁住"


def test_it_drops_the_empty_text_but_not_the_missing_one():
    after = TextLength()(batch_of(["", None, "a"]))
    assert after["text"].to_list() == [None, "a"]
    assert after.dropped[0].reason == "text has 0 characters, not at least 1"


def test_it_counts_characters_or_words():
    batch = batch_of(["one two", "one two three four", "我的卡"])
    assert TextLength(longest=7)(batch)["text"].to_list() == ["one two", "我的卡"]
    after = TextLength(shortest=2, longest=3, unit="words")(batch)
    assert after["text"].to_list() == ["one two"]
    assert after.dropped[0].reason == "text has 4 words, not 2 to 3"


def test_it_refuses_a_range_that_nothing_fits():
    with pytest.raises(ConfigError, match="longest 2 is below shortest 3"):
        TextLength(shortest=3, longest=2)


@pytest.mark.parametrize("broken", ["latin-1", "cp1252"])
def test_it_finds_utf8_that_was_read_as_something_else(broken):
    good = "déjà reçu à côté"
    bad = good.encode().decode(broken, errors="replace")
    after = CharsetNoise()(batch_of([good, bad]))
    assert after["text"].to_list() == [good]
    assert after.dropped[0].reason.endswith("% of the characters are noise of a wrong character set")


def test_it_finds_chinese_that_was_read_as_gbk_even_when_cut_off():
    for length in range(4, len(SENTENCE)):
        assert was_utf8(SENTENCE[:length].encode().decode("gbk", errors="replace")), length
        assert not was_utf8(SENTENCE[:length])


def test_it_finds_control_private_and_replacement_characters():
    shares = noise_share(pl.Series(["ab\x00\x01", "a\ufffd", "\ue000", "a\tb\r\n", "", None]))
    assert shares.to_list() == [0.5, 0.5, 1.0, 0.0, 0.0, None]


def test_it_leaves_whole_texts_alone():
    texts = [
        *ENGLISH,
        *CHINESE,
        "naïve café \u2013 \u201cquoted\u201d \u2019t, 5 €",
        "SÃO PAULO",
        "日本語テキスト",
        "😀👍🏽",
    ]
    assert CharsetNoise(limit=0.0)(batch_of(texts)).dropped == ()


@given(st.lists(st.text(max_size=30) | st.none(), max_size=8))
def test_its_share_is_a_share(texts):
    for text, share in zip(texts, noise_share(pl.Series(texts, dtype=pl.String)), strict=True):
        assert share is None if text is None else 0 <= share <= 1
