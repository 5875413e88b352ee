"""Edited copies of train rows: new ids, same label, same result for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rows import batch_of, blocks_of
from trimtab.data.augment_text import RandomDelete, RandomEdit, RandomSwap, edit

TEXTS = ["where is my card", "lost", "", None, "我的卡丢了", "how do I top up by bank transfer"]
BATCH = batch_of(TEXTS)


def test_it_adds_copies_with_new_ids_that_lead_back_to_their_rows():
    step = RandomEdit(copies=3, rate=0.3).learn(BATCH)
    after = step(BATCH)
    assert after.ids[: len(TEXTS)].tolist() == BATCH.ids.tolist()
    new = after.ids[len(TEXTS) :]
    assert len(new) > 3
    assert len(set(after.ids.tolist())) == len(after)
    source = dict(zip(BATCH.ids.tolist(), BATCH.columns.rows(named=True), strict=True))
    for at, row in zip(new.tolist(), after.columns.rows(named=True)[len(TEXTS) :], strict=True):
        origin = source[at % (step.base + 1)]
        assert row["label"] == origin["label"]
        assert row["text"] != origin["text"]


def test_it_repeats_itself_by_seed_and_not_otherwise():
    first, again, other = (RandomEdit(seed=seed).learn(BATCH)(BATCH)["text"].to_list() for seed in (1, 1, 2))
    assert first == again != other


def test_it_gives_a_row_the_same_copies_in_any_block():
    step = RandomEdit(copies=2).learn(BATCH)
    pieces = {
        at: text for block in blocks_of(BATCH, 3) for at, text in zip(*columns(step(block)), strict=True)
    }
    assert pieces == dict(zip(*columns(step(BATCH)), strict=True))


def test_it_writes_chinese_without_spaces():
    texts = [edit("我的卡丢了", 0.5, np.random.default_rng(seed)) for seed in range(20)]
    assert all(" " not in text for text in texts if text)


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=12), st.floats(0.01, 1), st.integers(0, 99))
def test_it_uses_the_words_of_the_text_and_leaves_at_least_one(words, rate, seed):
    edited = edit(" ".join(words), rate, np.random.default_rng(seed))
    if edited is not None:
        assert set(edited.split()) <= set(words)
        assert 1 <= len(edited.split()) <= len(words) + max(1, round(rate * len(words)))


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.floats(0.01, 1), st.integers(0, 99))
def test_deletion_keeps_the_order_of_what_is_left_and_leaves_at_least_one(words, rate, seed):
    edited = RandomDelete(rate=rate).edit(" ".join(words), np.random.default_rng(seed))
    assert (edited is None) == (len(words) < 2)
    if edited is not None:
        rest = iter(words)
        assert all(word in rest for word in edited.split())
        assert len(words) - len(edited.split()) == min(max(1, round(rate * len(words))), len(words) - 1)


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.floats(0.01, 1), st.integers(0, 99))
def test_swapping_keeps_every_word(words, rate, seed):
    edited = RandomSwap(rate=rate).edit(" ".join(words), np.random.default_rng(seed))
    if edited is not None:
        assert sorted(edited.split()) == sorted(words)
        assert edited.split() != words


def columns(batch):
    return batch.ids.tolist(), batch["text"].to_list()
