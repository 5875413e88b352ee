"""Imputing: medians and modes of train, in train and in every later row."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from sklearn.impute import SimpleImputer

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS
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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pl.Series([True, None]), "column 'x' is of Boolean, which cannot hold '?'"),
        (pl.Series(["a", None], dtype=pl.Enum(["a"])), "column 'x' is of Enum, which cannot hold '?'"),
        (pl.Series(["1", None]).cast(pl.Decimal(3, 2)), "column 'x' is of Decimal, which cannot hold -100.0"),
    ],
    ids=["Boolean", "Enum", "Decimal"],
)
def test_it_refuses_a_constant_that_a_column_cannot_hold(values, said):
    with pytest.raises(DataError, match=re.escape(said)):
        Impute(numeric="constant", categorical="constant", number=-100.0, word="?").learn(frame(x=values))


def test_it_makes_floats_of_integers_that_cannot_hold_the_constant():
    step = Impute(numeric="constant", number=-1)
    for kind in (pl.UInt8, pl.UInt64):
        batch = frame(n=pl.Series([1, None], dtype=kind))
        assert step.learn(batch)(batch)["n"].to_list() == [1.0, -1.0]
    batch = frame(n=pl.Series([2**63 - 1, None]))  # no float is this median
    with pytest.raises(DataError, match="column 'n' holds integers beyond"):
        Impute().learn(batch)(batch)


def test_it_fills_decimals_by_the_most_frequent_and_leaves_bytes(tmp_path):
    prices = pl.Series(["1.10", "2.35", "2.35", None]).cast(pl.Decimal(10, 2))
    batch = frame(price=prices, picture=[b"a", b"a", b"b", None])
    save_steps([Impute(numeric="most_frequent").learn(batch)], tmp_path)
    (step,) = load_steps(tmp_path, STEPS)
    after = step(batch).columns
    assert after["price"].dtype == prices.dtype
    assert after["price"].cast(pl.String).to_list() == ["1.10", "2.35", "2.35", "2.35"]
    assert after["picture"].null_count() == 1
    long = frame(n=pl.Series(["12345678901234567.89", None]).cast(pl.Decimal(38, 2)))
    with pytest.raises(DataError, match=r"12345678901234567\.89 is more than a float can hold"):
        Impute(numeric="most_frequent").learn(long)


@pytest.mark.parametrize("rule", ["mean", "median", "most_frequent", "constant"])
def test_it_fills_numbers_as_scikit_learn_does(rule):
    values = np.random.default_rng(0).integers(0, 9, 50).astype(float)
    values[::7] = np.nan
    expected = SimpleImputer(strategy=rule, fill_value=0.0).fit_transform(values[:, None])[:, 0]
    batch = frame(n=values)
    assert Impute(numeric=rule).learn(batch)(batch)["n"].to_numpy() == pytest.approx(expected)
