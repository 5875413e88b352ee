"""Value counts: the statistics that follow from them are NumPy's."""

from __future__ import annotations

from collections import Counter
from functools import reduce

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data import tally

numbers = st.lists(st.integers(-50, 50), min_size=1, max_size=60)


@given(numbers, st.floats(0, 1))
def test_it_gives_the_quantile_that_numpy_gives(values, q):
    counts = tally.count({"x": pl.Series(values)})["x"]
    assert tally.quantile(counts, q) == pytest.approx(np.quantile(values, q), abs=1e-9)


@given(numbers)
def test_it_gives_the_mean_and_spread_that_numpy_gives(values):
    counts = tally.count({"x": pl.Series(values)})["x"]
    assert tally.mean_and_spread(counts) == pytest.approx((np.mean(values), np.std(values)), abs=1e-9)


floats = st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.none(), max_size=40)


@given(st.lists(floats, max_size=5), st.sampled_from([1, 100, 1 << 20]), st.sampled_from([2, 1024]))
def test_it_counts_floats_alike_in_blocks_of_any_order_however_often_it_sorts(blocks, loose, look):
    series = [pl.Series(block, dtype=pl.Float64) for block in blocks]
    whole = tally.count({"x": pl.concat([pl.Series([], dtype=pl.Float64), *series])})["x"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally, "LOOSE", loose)
        patched.setattr(tally, "LOOK", look)
        for order in (series, series[::-1]):
            total = tally.count({"x": pl.Series([], dtype=pl.Float64)})
            for block in order:
                total = tally.add(total, tally.count({"x": block}))
            assert total["x"].equals(whole)
    assert whole["rows"].sum() == sum(
        value is not None and not np.isnan(value) for block in blocks for value in block
    )


words = st.lists(st.none() | st.sampled_from(["", "a", "b", "a longer word"]) | st.text(), max_size=40)


@given(st.lists(words, max_size=5), st.sampled_from([1, 1 << 20]))
def test_it_counts_words_alike_in_any_blocks(blocks, loose):
    series = [pl.Series(block, dtype=pl.String) for block in ([], *blocks)]
    whole = tally.count({"x": pl.concat(series)})["x"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally, "LOOSE", loose)
        total = reduce(tally.add, (tally.count({"x": block}) for block in series))
        assert total["x"].equals(whole)
    assert dict(whole.rows()) == Counter(word for block in blocks for word in block if word is not None)


@given(st.lists(floats, min_size=1, max_size=5), st.sampled_from([1, 2, 1024]), st.floats(0, 1))
def test_it_selects_the_quantiles_that_sorting_gives(blocks, look, q):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally, "LOOK", look)  # the fewer are looked at, the more columns are left uncounted
        total = reduce(
            tally.add, (tally.count({"x": pl.Series(block, dtype=pl.Float64)}) for block in blocks)
        )
        pile = tally.piles(total)["x"].finite()
        counts = total["x"].filter(pl.col("value").is_finite())
        found = pile.quantiles(q, 0.5)
    assert pile.empty == (counts.height == 0)
    if pile.empty:
        assert all(np.isnan(value) for value in found)
    else:
        assert [str(value) for value in found] == [str(tally.quantile(counts, share)) for share in (q, 0.5)]


def test_it_keeps_no_sign_of_a_zero():
    for values in ([0.0, -0.0], [-0.0, 0.0]):
        (row,) = tally.count({"x": pl.Series(values)})["x"].rows()
        assert (str(row[0]), row[1]) == ("0.0", 2)


def test_it_counts_integers_in_one_block_with_floats_in_another_as_the_same_values():
    total = tally.add(tally.count({"x": pl.Series([1, 2])}), tally.count({"x": pl.Series([1.0, 2.5])}))
    assert total["x"].rows() == [(1.0, 2), (2.0, 1), (2.5, 1)]


def test_it_counts_many_distinct_values_exactly():
    values = np.random.default_rng(0).normal(size=50_000).round(3)
    blocks = [tally.count({"x": pl.Series(part)}) for part in np.array_split(values, 7)]
    total = blocks[0]
    for block in blocks[1:]:
        total = tally.add(total, block)
    distinct, rows = np.unique(values, return_counts=True)
    assert total["x"]["value"].to_list() == distinct.tolist()
    assert total["x"]["rows"].to_list() == rows.tolist()
    assert tally.quantile(total["x"], 0.25) == np.quantile(values, 0.25)


@given(numbers, st.integers(0, 60))
def test_it_adds_blocks_up_to_the_whole(values, at):
    left, right = (tally.count({"x": pl.Series(part, dtype=pl.Int64)}) for part in (values[:at], values[at:]))
    assert tally.add(left, right)["x"].equals(tally.count({"x": pl.Series(values)})["x"])


def test_it_counts_no_missing_value_but_the_empty_string():
    assert tally.count({"x": pl.Series([None, "", "a", ""])})["x"].rows() == [("", 2), ("a", 1)]
    assert tally.count({"x": pl.Series([None, float("nan"), 1.0])})["x"].rows() == [(1.0, 1)]


def test_it_takes_the_smallest_of_equally_frequent_values():
    assert tally.mode(tally.count({"x": pl.Series(["b", "a", "b", "a", "c"])})["x"]) == "a"
