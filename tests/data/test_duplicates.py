"""Dropping copies: the first row stays, and each row that goes names the one it copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import batch_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.near_duplicates import NearDuplicates

LONG = "I was sent a card two weeks ago and it has still not come to the address that I gave"


def test_it_names_the_row_that_stays_and_tells_when_the_labels_differ():
    batch = batch_of(["a", "b", "a", "a"], ["x", "x", "x", "y"])
    after = DropDuplicates().learn(batch)(batch)
    assert after["text"].to_list() == ["a", "b"]
    assert [(drop.id, drop.reason) for drop in after.dropped] == [
        (17, "exact duplicate of row 3"),
        (24, "exact duplicate of row 3 under another label"),
    ]


def test_it_keeps_null_and_empty_string_apart():
    batch = batch_of([None, "", None, ""])
    after = DropDuplicates().learn(batch)(batch)
    assert after["text"].to_list() == [None, "", None]


def test_it_compares_the_columns_it_is_given():
    batch = batch_of(["a", "a", "a"], ["x", "y", "x"])
    assert len(DropDuplicates(columns=("text", "label")).learn(batch)(batch)) == 2
    with pytest.raises(DataError, match="no column 'texd'; did you mean 'text'"):
        DropDuplicates(columns=("texd",)).learn(batch)


@given(st.lists(st.one_of(st.none(), st.text("ab", max_size=2)), max_size=30))
def test_it_keeps_the_first_of_each_text(texts):
    batch = batch_of(texts)
    kept = DropDuplicates().learn(batch)(batch)["text"].to_list()
    seen = [text for at, text in enumerate(texts) if text is None or text not in texts[:at]]
    assert kept == seen


def test_it_drops_near_copies_with_their_likeness():
    batch = batch_of([LONG, LONG.upper() + "!", "How do I top up?", LONG + " in May"], ["x"] * 4)
    after = NearDuplicates(similarity=0.85).learn(batch)(batch)
    assert after.ids.tolist() == [3, 17]
    assert after.dropped[0].reason.startswith("near duplicate of row 3 (Jaccard 0.9")
    strict = NearDuplicates(similarity=1.0).learn(batch)(batch)
    assert len(strict) == 4


def test_it_finds_near_copies_in_chinese():
    text = "银行卡丢了怎么办,请告诉我应该给谁打电话才能马上把它锁住,谢谢"
    batch = batch_of([text, text + "!", "怎样转账"], ["x"] * 3)
    assert NearDuplicates(similarity=0.8).learn(batch)(batch).ids.tolist() == [3, 17]


def test_it_cuts_a_chain_of_small_changes_where_it_leaves_the_row_that_stays():
    words = LONG.split()
    chain = [" ".join(words[at:] + words[:at]) for at in range(0, 8)]
    batch = batch_of(chain, ["x"] * len(chain))
    step = NearDuplicates(similarity=0.5, unit="words", width=2).learn(batch)
    after = step(batch)
    assert len(after) + len(after.dropped) == len(chain)
    assert set(step.twin.tolist()) <= set(after.ids.tolist())
    assert (step.likeness >= 0.5).all()


def test_it_drops_copies_of_a_row_that_goes_itself():
    near = LONG + "!"
    batch = batch_of([LONG, near, near, near.upper()], ["x"] * 4)
    after = NearDuplicates(similarity=0.9).learn(batch)(batch)
    assert after.ids.tolist() == [3]
    assert len({drop.reason for drop in after.dropped}) == 1


def test_it_refuses_to_run_before_it_has_learned():
    with pytest.raises(ValueError, match="call learn first"):
        DropDuplicates()(batch_of(["a"]))


def test_it_needs_no_label_column():
    batch = Batch(pl.DataFrame({"text": ["a", "a"]}), np.arange(2))
    assert DropDuplicates().learn(batch)(batch).dropped[0].reason == "exact duplicate of row 0"


ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(
    not (ROOT / "../shared/data/dup_minhash_articles").is_dir(),
    reason="needs ../shared/data/dup_minhash_articles",
)
@pytest.mark.parametrize("size", [100, 1000])
def test_it_finds_the_plagiarised_articles_and_no_other(size):
    from parts.duplicates_real import articles

    found = articles(size)
    assert (found["precision"], found["recall"]) == (1.0, 1.0)


def test_folded_texts_are_equal_however_unicode_writes_them_and_so_are_near_copies():
    batch = batch_of(["ｶｰﾄﾞ \uff21\uff22\uff23 café", "カード abc cafe\u0301", "other"])
    assert len(DropDuplicates().learn(batch)(batch)) == 3
    for step in (
        DropDuplicates(fold=True),
        NearDuplicates(similarity=1),
        NearDuplicates(unit="words", width=1),
    ):
        assert step.learn(batch)(batch)["text"].to_list() == ["ｶｰﾄﾞ \uff21\uff22\uff23 café", "other"]
