"""The validation split: stratified, seeded, blind to row order, and no text on both sides."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import batch_of
from trimtab.data.split import split
from trimtab.data.terms import normal


def many(n: int):
    return batch_of([f"text number {at}" for at in range(n)], [f"class {at % 7}" for at in range(n)])


def test_it_takes_the_same_share_of_every_class():
    train, valid = split(many(700), 0.1, seed=0)
    assert set(Counter(valid["label"]).values()) == {10}
    assert set(Counter(train["label"]).values()) == {90}


def test_it_depends_on_the_seed_alone_and_not_on_the_order_of_rows():
    batch = many(200)
    mixed = batch.take(np.random.default_rng(0).permutation(200))
    chosen = set(split(batch, 0.2, seed=3)[1].ids.tolist())
    assert set(split(mixed, 0.2, seed=3)[1].ids.tolist()) == chosen
    assert set(split(batch, 0.2, seed=4)[1].ids.tolist()) != chosen


texts = st.sampled_from(["a", "A", " a ", "b", "c", "d", "e", "f", ""])


@given(st.lists(st.tuples(texts, st.sampled_from("xyz")), max_size=40), st.floats(0.01, 0.49))
def test_it_loses_no_row_leaves_every_text_on_one_side_and_a_row_of_each_text_class_in_train(rows, share):
    batch = batch_of([text for text, _ in rows], [label for _, label in rows])
    train, valid = split(batch, share, seed=1)
    assert sorted([*train.ids, *valid.ids]) == batch.ids.tolist()
    assert {normal(text) for text in train["text"]}.isdisjoint({normal(text) for text in valid["text"]})
    first = {}
    for text, label in rows:
        first.setdefault(normal(text), label)
    homes = {first[normal(text)] for text in train["text"]}
    assert homes == set(first.values())


@pytest.mark.parametrize("n", [0, 1, 2])
def test_it_leaves_tiny_classes_in_train(n):
    batch = batch_of([str(at) for at in range(n)], ["x"] * n)
    assert len(split(batch, 0.1, seed=0)[0]) == n
