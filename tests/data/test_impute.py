"""Imputing: medians and modes of train, in train and in every later row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.impute import Impute


def frame(**columns) -> Batch:
    data = pl.DataFrame(columns, strict=False)
    return Batch(data, np.arange(data.height))


TRAIN = frame(
    text=["a", None, "c", "d"],
    label=["x", "y", None, "x"],
    size=[1.0, float("nan"), 5.0, None],
    count=[1, None, 2, 2],
    kind=["", "b", "", None],
    empty=[None, None, None, None],
)


def test_it_fills_numbers_by_the_median_and_words_by_the_mode():
    after = Impute().learn(TRAIN)(TRAIN).columns
    assert after["size"].to_list() == [1.0, 3.0, 5.0, 3.0]
    assert after["count"].to_list() == [1, 2, 2, 2]
    assert after["kind"].to_list() == ["", "b", "", ""]


def test_it_never_makes_up_a_text_or_a_label():
    after = Impute().learn(TRAIN)(TRAIN).columns
    assert after["text"].null_count() == after["label"].null_count() == 1


def test_it_leaves_a_column_that_has_no_value_at_all():
    assert Impute().learn(TRAIN)(TRAIN)["empty"].null_count() == 4


def test_it_fills_later_rows_with_what_train_had():
    step = Impute(numeric="mean").learn(TRAIN)
    nothing = pl.Series([None], dtype=pl.String)
    later = step(frame(size=nothing, kind=nothing, other=[1])).columns
    assert later["size"].to_list() == [3.0]
    assert later["kind"].to_list() == [""]


def test_it_turns_integers_into_floats_only_when_the_fill_is_no_integer():
    batch = frame(n=[1, 2, None])
    assert Impute().learn(batch)(batch)["n"].to_list() == [1.0, 2.0, 1.5]
    assert Impute(numeric="most_frequent").learn(batch)(batch)["n"].dtype == pl.Int64


def test_it_fills_only_what_it_is_told_to():
    after = Impute(numeric="none").learn(TRAIN)(TRAIN).columns
    assert after["count"].null_count() == 1
    after = Impute(columns=("count",)).learn(TRAIN)(TRAIN).columns
    assert after["kind"].null_count() == 1
    with pytest.raises(DataError, match="no column 'cuont'; did you mean 'count'"):
        Impute(columns=("cuont",)).learn(TRAIN)
