"""Outliers: a range learnt from train, by column; a text counts by its length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import median_abs_deviation

from rows import batch_of
from trimtab.core.columns import DATES, TEXTS, TRUTHS
from trimtab.core.columns import NUMBERS as OF_NUMBERS
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.objects import Batch
from trimtab.data.isolation_forest import IsolationForest
from trimtab.data.outliers import Iqr, QuantileClip, RobustZScore, ZScore

VALUES = [1.0, 2.0, 3.0, 4.0, 100.0, None, float("nan")]
NUMBERS = Batch(pl.DataFrame({"text": ["t"] * 7, "n": VALUES}), np.arange(7))


def test_it_drops_what_lies_beyond_tukeys_fences():
    step = Iqr(columns=("n",)).learn(NUMBERS)
    assert step.bounds == (("n", -1.0, 7.0),)
    after = step(NUMBERS)
    assert after.ids.tolist() == [0, 1, 2, 3, 5, 6]
    assert after.dropped[0].reason == "n 100 is outside -1 to 7 (iqr)"


def test_it_drops_what_lies_beyond_so_many_standard_deviations():
    values = np.array(VALUES[:5], float)
    step = ZScore(columns=("n",), limit=1.5).learn(NUMBERS)
    (_, low, high) = step.bounds[0]
    assert (low, high) == pytest.approx(
        (values.mean() - 1.5 * values.std(), values.mean() + 1.5 * values.std())
    )
    assert [drop.id for drop in step(NUMBERS).dropped] == [4]


@pytest.mark.parametrize("kind", [Iqr, ZScore])
def test_it_measures_a_text_by_its_characters(kind):
    batch = batch_of([*["卡" * (10 + at % 3) for at in range(30)], "长" * 500])
    after = kind().learn(batch)(batch)
    assert [drop.id for drop in after.dropped] == [int(batch.ids[-1])]
    assert after.dropped[0].reason.startswith("length of text 500 is outside")


@pytest.mark.parametrize("kind", [Iqr, ZScore])
def test_it_drops_nothing_where_all_values_are_alike(kind):
    batch = Batch(pl.DataFrame({"text": ["x"] * 7, "n": [0.1] * 7}), np.arange(7))
    assert len(kind(columns=("n", "text")).learn(batch)(batch)) == 7


def test_it_refuses_a_column_that_is_neither_number_nor_text():
    batch = Batch(pl.DataFrame({"text": ["x"], "on": [True]}), np.arange(1))
    with pytest.raises(DataError, match="column 'on' holds truth values, not numbers or text"):
        Iqr(columns=("on",)).learn(batch)


def test_it_uses_the_median_absolute_deviation():
    values = np.random.default_rng(0).standard_t(3, 501)
    batch = Batch(pl.DataFrame({"n": values}), np.arange(501), "tabular")
    (_, low, high) = RobustZScore().learn(batch).bounds[0]
    spread = median_abs_deviation(values, scale="normal")
    assert (low, high) == pytest.approx(
        (np.median(values) - 3.5 * spread, np.median(values) + 3.5 * spread), rel=1e-4
    )


def test_it_falls_back_on_the_mean_deviation_where_most_values_are_alike():
    batch = Batch(pl.DataFrame({"n": [0.0] * 98 + [1.0, 50.0]}), np.arange(100), "tabular")
    after = RobustZScore().learn(batch)(batch)
    assert [drop.id for drop in after.dropped] == [99]


def test_it_clips_to_the_quantiles_of_train():
    values = np.random.default_rng(0).normal(size=400)
    batch = Batch(pl.DataFrame({"n": values}), np.arange(400), "tabular")
    after = QuantileClip(low=0.05, high=0.9).learn(batch)(batch)
    assert after["n"].to_numpy() == pytest.approx(np.clip(values, *np.quantile(values, [0.05, 0.9])))
    with pytest.raises(ConfigError, match=r"low 0.9 is not below high 0.1"):
        QuantileClip(low=0.9, high=0.1)


GROUPS = Batch(
    pl.DataFrame(
        {
            "n": [1.0, 2.0, 3.0, 50.0, 100.0, 101.0, 102.0, 50.0, 50.0],
            "kind": ["", "", "", "", None, None, None, None, "new"],
        }
    ),
    np.arange(9),
    "tabular",
)


def test_it_gives_each_group_its_own_range_and_an_unknown_one_that_of_all():
    step = RobustZScore(by=("kind",)).learn(GROUPS.take(np.arange(8)))
    assert [key for _, key, *_ in step.group_bounds] == [(None,), ("",)]
    after = step(GROUPS)
    assert [drop.id for drop in after.dropped] == [3, 7]
    assert after.dropped[0].reason.endswith("of its group (robust_zscore)")


def test_it_tells_before_any_row_is_read_which_columns_it_cannot_measure():
    known = {
        "n": {OF_NUMBERS},
        "text": {TEXTS},
        "day": {DATES},
        "flag": {TRUTHS},
        "either": {OF_NUMBERS, TEXTS},
    }
    columns = {name: frozenset(kinds) for name, kinds in known.items()}
    every = tuple(columns)
    assert [fault.problem for fault in Iqr(columns=every).check(columns)] == [
        "column 'day' holds dates, not numbers or text",
        "column 'flag' holds truth values, not numbers or text",
    ]
    assert [
        fault.problem for fault in Iqr(columns=("n", "text", "either"), action="clip").check(columns)
    ] == ["column 'text' holds text, not numbers"]
    assert [fault.problem for fault in IsolationForest(columns=("n", "flag")).check(columns)] == [
        "column 'flag' holds truth values, not numbers"
    ]


def test_a_group_of_integers_is_known_again_where_a_missing_value_made_them_floats():
    shops = Batch(
        pl.DataFrame({"n": [1.0, 2.0, 3.0, 100.0, 101.0, 102.0], "shop": [0, 0, 0, 7, 7, 7]}), np.arange(6)
    )
    step = ZScore(columns=("n",), by=("shop",), limit=2.0).learn(shops)
    later = pl.DataFrame({"n": [100.0, 100.0, 2.0, 2.0], "shop": [-0.0, 7.0, 7.5, None]})
    for column in (pl.col("shop"), pl.col("shop").fill_null(float("nan"))):
        after = step(Batch(later.with_columns(column), np.arange(4)))
        assert [drop.id for drop in after.dropped] == [0]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("clip", [1.0, 2.0, 3.0, 4.0, 7.0, None]),
        ("null", [1.0, 2.0, 3.0, 4.0, None, None]),
        ("flag", [1.0, 2.0, 3.0, 4.0, 100.0, None]),
    ],
)
def test_it_keeps_the_rows_where_it_does_not_drop(action, expected):
    batch = NUMBERS.take(np.arange(6))
    step = Iqr(columns=("n",), action=action).learn(batch)
    assert not step.train_only
    after = step(batch)
    assert after["n"].to_list() == expected
    assert after.dropped == ()
    if action == "flag":
        assert after["n_outlier"].to_list() == [False, False, False, False, True, False]


def test_it_passes_over_a_column_that_a_request_lacks_but_never_one_that_train_lacks():
    request = Batch(pl.DataFrame({"text": ["t"]}), np.arange(1))
    assert Iqr(columns=("n",), action="flag").learn(NUMBERS)(request) is request
    with pytest.raises(DataError, match="no column 'n'"):
        Iqr(columns=("n",)).learn(NUMBERS)(request)


def test_it_makes_floats_of_clipped_integers_in_every_batch():
    batch = Batch(pl.DataFrame({"n": [1, 2, 3, 4, 100]}), np.arange(5), "tabular")
    step = Iqr(action="clip").learn(batch)
    assert step(batch)["n"].to_list() == [1.0, 2.0, 3.0, 4.0, 7.0]
    assert step(batch.take(np.arange(2)))["n"].dtype == pl.Float64


def test_it_can_blank_a_text_but_not_clip_it():
    batch = batch_of([*["卡" * (10 + at % 3) for at in range(30)], "长" * 500])
    assert Iqr(action="null").learn(batch)(batch)["text"].null_count() == 1
    with pytest.raises(DataError, match="column 'text' holds text, not numbers"):
        Iqr(columns=("text",), action="clip").learn(batch)(batch)


def test_it_takes_what_is_infinite_for_an_outlier_and_learns_nothing_from_it():
    batch = Batch(pl.DataFrame({"n": [1.0, 2.0, 3.0, np.inf, -np.inf]}), np.arange(5), "tabular")
    for kind in (Iqr, ZScore, RobustZScore):
        assert [drop.id for drop in kind().learn(batch)(batch).dropped] == [3, 4]


def test_it_never_touches_the_label():
    batch = Batch(pl.DataFrame({"n": [1.0] * 9, "label": [0.0] * 8 + [90.0]}), np.arange(9), "tabular")
    assert len(Iqr().learn(batch)(batch)) == 9


def test_it_drops_a_row_once_for_the_first_column_that_accuses_it():
    values = [*range(20), 900]
    batch = Batch(pl.DataFrame({"b": values, "a": values}), np.arange(21), "tabular")
    (drop,) = Iqr().learn(batch)(batch).dropped
    assert drop.reason.startswith("a 900 is outside")


@pytest.mark.parametrize("by", [(), ("group",)])
def test_it_reads_what_it_learnt_a_few_times_however_many_columns_there_are(by):
    class Watched(tuple):
        read = 0

        def __iter__(self):
            Watched.read += 1
            return super().__iter__()

    wide = {f"n{at}": [1.0, 2.0, 90.0] for at in range(50)}
    batch = Batch(pl.DataFrame({**wide, "group": ["a", "a", "b"]}), np.arange(3))
    step = Iqr(columns=tuple(wide), by=by).learn(batch)
    step = replace(step, bounds=Watched(step.bounds), group_bounds=Watched(step.group_bounds))
    step(batch)
    assert 0 < Watched.read < len(wide) / 10
