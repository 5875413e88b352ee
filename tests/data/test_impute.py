"""Imputing: medians and modes of train, in train and in every later row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.impute import SimpleImputer

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


def test_it_fills_by_a_constant_even_where_train_has_no_value():
    batch = frame(n=[1, None], kind=["", None], none=pl.Series([None, None], dtype=pl.Float64))
    step = Impute(numeric="constant", categorical="constant", number=-1.0, word="?").learn(batch)
    assert step.fills == (("kind", "?"), ("n", -1.0), ("none", -1.0))
    after = step(batch).columns
    assert after["n"].to_list() == [1, -1]
    assert after["kind"].to_list() == ["", "?"]
    with pytest.raises(DataError, match="column 'on' holds Boolean, not words"):
        Impute(categorical="constant").learn(frame(on=[True, None]))


@pytest.mark.parametrize("rule", ["mean", "median", "most_frequent", "constant"])
def test_it_fills_numbers_as_scikit_learn_does(rule):
    values = np.random.default_rng(0).integers(0, 9, 50).astype(float)
    values[::7] = np.nan
    expected = SimpleImputer(strategy=rule, fill_value=0.0).fit_transform(values[:, None])[:, 0]
    batch = frame(n=values)
    assert Impute(numeric=rule).learn(batch)(batch)["n"].to_numpy() == pytest.approx(expected)
