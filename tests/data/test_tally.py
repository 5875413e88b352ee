"""Value counts: the statistics that follow from them are NumPy's."""

from __future__ import annotations

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


@given(numbers, st.integers(0, 60))
def test_it_adds_blocks_up_to_the_whole(values, at):
    left, right = (tally.count({"x": pl.Series(part, dtype=pl.Int64)}) for part in (values[:at], values[at:]))
    assert tally.add(left, right)["x"].equals(tally.count({"x": pl.Series(values)})["x"])


def test_it_counts_no_missing_value_but_the_empty_string():
    assert tally.count({"x": pl.Series([None, "", "a", ""])})["x"].rows() == [("", 2), ("a", 1)]
    assert tally.count({"x": pl.Series([None, float("nan"), 1.0])})["x"].rows() == [(1.0, 1)]


def test_it_takes_the_smallest_of_equally_frequent_values():
    assert tally.mode(tally.count({"x": pl.Series(["b", "a", "b", "a", "c"])})["x"]) == "a"
