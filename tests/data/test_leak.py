"""Leakage between two parts: counted, shown in pairs, and exact copies taken out of train."""

from __future__ import annotations

from rows import batch_of
from trimtab.data.leak import drop_leaks, leakage

LONG = "I was sent a card two weeks ago and it has still not come to the address that I gave"
TRAIN = batch_of(["Where is\nmy card?", LONG, "How do I top up", "", LONG], ["x", "x", "y", "y", "x"])
TEST = batch_of(["where is my  CARD?", LONG + "!", "something else", ""], ["x", "y", "y", "y"])


def test_it_finds_equal_and_nearly_equal_texts():
    found = leakage(TRAIN, TEST)
    assert [(twin.left, twin.right, twin.same_label) for twin in found.exact] == [(3, 3, True)]
    assert [(twin.left, twin.right, twin.same_label) for twin in found.near] == [(10, 10, False)]
    assert 0.9 <= found.near[0].likeness < 1


def test_it_gives_counts_and_pairs_for_the_report():
    facts = leakage(TRAIN, TEST).facts(shown=1)
    assert (facts["exact"], facts["near"]) == (1, 1)
    assert facts["near_pairs"][0]["left_text"] == LONG


def test_it_drops_leaked_rows_from_train_and_names_the_test_row():
    after = drop_leaks(TRAIN, TEST)
    assert [(drop.id, drop.step, drop.reason) for drop in after.dropped] == [
        (3, "leak", "leak: same text as test row 3")
    ]


def test_it_finds_nothing_in_nothing():
    nothing = leakage(batch_of([]), TEST)
    assert (nothing.exact, nothing.near) == ((), ())


def test_it_finds_texts_that_mean_the_same_where_both_parts_have_embeddings():
    train = batch_of(["lost card", "top up"], ["x", "y"], embedding=[[1.0, 0.0], [0.0, 1.0]])
    test = batch_of(["my card is gone", "hello"], ["x", "y"], embedding=[[0.99, 0.01], [0.7, 0.7]])
    found = leakage(train, test)
    assert [(twin.left, twin.right, twin.same_label) for twin in found.semantic] == [(3, 3, True)]
    assert found.facts()["semantic"] == 1
    assert leakage(TRAIN, TEST).semantic is None


def test_it_pairs_each_text_of_test_though_its_shingles_equal_those_of_the_one_before():
    twice, thrice, often = (" ".join([LONG] * times) for times in (2, 3, 4))
    found = leakage(batch_of([twice]), batch_of([thrice, often, "something else"]))
    assert [(twin.left, twin.right, twin.likeness) for twin in found.near] == [(3, 3, 1.0), (3, 10, 1.0)]
