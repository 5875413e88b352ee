"""Clusters and survivors: each dropped row is like the row that stays for it, by whatever rule."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import batch_of
from trimtab.core.errors import DataError
from trimtab.data.clusters import components, crossing, ranks, survivors
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.pairs import Pairs

LONG = "I was sent a card two weeks ago and it has still not come to the address that I gave"
RULES = ("first", "longest", "most_complete", "majority_label")


def pairs_of(rows: int, *pairs: tuple[int, int], same: dict[int, int] | None = None) -> Pairs:
    left, right = (
        (np.array(side, np.int64) for side in zip(*pairs, strict=True)) if pairs else np.zeros((2, 0), int)
    )
    firsts = np.array([(same or {}).get(row, row) for row in range(rows)], np.int64)
    return Pairs(left, right, np.full(len(left), 0.9), firsts)


def test_it_joins_rows_that_a_chain_connects():
    assert components(pairs_of(6, (0, 2), (2, 3), same={5: 4})).tolist() == [0, 1, 0, 0, 4, 4]
    assert components(pairs_of(0)).tolist() == []


def test_it_cuts_a_chain_where_it_leaves_the_row_that_stays():
    stay = survivors(pairs_of(4, (0, 1), (1, 2), (2, 3)), np.arange(4))
    assert stay.gone.tolist() == [1, 3]
    assert stay.twin.tolist() == [0, 2]


def test_it_lets_the_best_of_equal_rows_speak_for_all():
    stay = survivors(pairs_of(4, (0, 3), same={1: 0, 2: 0}), np.array([3, 2, 0, 1]))
    assert stay.gone.tolist() == [0, 1, 3]
    assert stay.twin.tolist() == [2, 2, 2]
    assert stay.likeness.tolist() == [1.0, 1.0, 0.9]


@given(st.data(), st.integers(1, 12))
def test_it_keeps_its_promise_for_any_rank(data, rows):
    every = [(a, b) for b in range(rows) for a in range(b)]
    chosen = sorted(data.draw(st.sets(st.sampled_from(every)) if every else st.just(set())))
    rank = np.array(data.draw(st.permutations(range(rows))))
    stay = survivors(pairs_of(rows, *chosen), rank)
    kept = set(range(rows)) - set(stay.gone.tolist())
    assert set(stay.twin.tolist()) <= kept
    alike = {frozenset(pair) for pair in chosen}
    assert all(frozenset(pair) in alike for pair in zip(stay.gone.tolist(), stay.twin.tolist(), strict=True))
    assert not any(pair <= kept for pair in alike)
    assert all(rank[twin] < rank[gone] for gone, twin in zip(stay.gone, stay.twin, strict=True))


def test_it_ranks_by_the_stated_rule():
    length, filled = np.array([3, 9, 9]), np.array([2, 1, 2])
    labels, together = pl.Series(["y", "x", "x"]), np.zeros(3, np.int64)
    worth = dict.fromkeys(RULES, np.zeros(3, int)) | {"longest": length, "most_complete": filled}
    found = {rule: ranks(rule, worth[rule], labels, together).tolist() for rule in RULES}
    assert found == {
        "first": [0, 1, 2], "longest": [2, 0, 1], "most_complete": [0, 2, 1], "majority_label": [2, 0, 1],
    }  # fmt: skip


def test_it_does_not_count_missing_labels_as_votes():
    labels = pl.Series([None, None, "x"], dtype=pl.String)
    assert ranks("majority_label", np.zeros(3, int), labels, np.zeros(3, int)).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("keep", "stays"), [("first", 3), ("longest", 17), ("most_complete", 10), ("majority_label", 10)]
)
def test_it_keeps_the_row_that_the_rule_names(keep, stays):
    batch = batch_of(
        [LONG, LONG + "!", LONG + "!!", LONG], ["b", "a", "a", "a"], note=[None, "n", None, None]
    )
    step = NearDuplicates(similarity=0.9, keep=keep).learn(batch)
    after = step(batch)
    assert after.ids.tolist() == [stays]
    assert all(f"of row {stays} " in drop.reason for drop in after.dropped)


def test_a_majority_needs_labels():
    step = DropDuplicates(keep="majority_label", label="intent")
    (fault,) = step.check({"text": frozenset({"text"})})
    assert fault.problem == "no column 'intent'"
    with pytest.raises(DataError, match="step drop_duplicates: no column 'intent'"):
        step.learn(batch_of(["a", "a"]))


def test_it_shows_every_cluster_and_counts_those_whose_labels_conflict():
    batch = batch_of(["a", "b", "a", "c", "b", "a"], ["x", "z", "y", "x", "z", "x"])
    step = DropDuplicates().learn(batch)
    assert step.clusters().rows() == [
        (3, 3, "x", True), (3, 17, "y", False), (3, 38, "x", False),
        (10, 10, "z", True), (10, 31, "z", False),
    ]  # fmt: skip
    assert step.facts() == {
        "step": "drop_duplicates", "clusters": 2, "rows": 5, "dropped": 3, "largest": 3, "conflicts": 1,
        "conflicting": [
            {"cluster": 3, "rows": 3, "kept": 1, "ids": [3, 17, 38], "stays": [3], "labels": {"x": 2, "y": 1}}
        ],
        "agreeing": [
            {"cluster": 10, "rows": 2, "kept": 1, "ids": [10, 31], "stays": [10], "labels": {"z": 2}}
        ],
    }  # fmt: skip


def test_it_tells_the_largest_clusters_that_agree_and_few_of_their_rows():
    texts = [text for text, times in (("a", 2), ("b", 70), ("c", 3)) for _ in range(times)]
    told = DropDuplicates(keep="longest").learn(batch_of(texts, ["x"] * 75)).facts(shown=2)
    assert [(one["rows"], len(one["ids"]), len(one["stays"])) for one in told["agreeing"]] == [
        (70, 20, 1),
        (3, 3, 1),
    ]
    assert (told["clusters"], told["conflicts"], told["conflicting"]) == (3, 0, [])


def test_it_pairs_rows_across_a_border_alone():
    pairs = pairs_of(6, (0, 1), (0, 2), (2, 4), same={3: 1, 5: 2})
    assert crossing(pairs, 2) == [(0, 2, 0.9), (1, 3, 1.0), (0, 3, 0.9), (0, 5, 0.9)]
