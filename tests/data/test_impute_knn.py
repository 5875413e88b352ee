"""Gaps filled by the nearest train rows."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from sklearn.impute import KNNImputer

from rows import blocks_of, same_state, tabular_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.impute import Impute
from trimtab.data.impute_knn import ImputeKnn
from trimtab.data.impute_model import ImputeModel


def holes(rows: int = 200, columns: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns))
    values[rng.random(values.shape) < 0.15] = np.nan
    return values


def batch_from(values: np.ndarray) -> Batch:
    frame = pl.DataFrame(values, schema=[f"c{at}" for at in range(values.shape[1])])
    return Batch(frame.fill_nan(None), np.arange(len(values)), "tabular")


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_it_fills_numbers_as_scikit_learn_does_on_the_standardised_table(weights):
    values = holes()
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    expected = KNNImputer(n_neighbors=3, weights=weights).fit_transform((values - mean) / spread)
    step = ImputeKnn(neighbours=3, weights=weights).learn(batch_from(values))
    later = batch_from(values[:50])
    assert step(later).columns.to_numpy() == pytest.approx((expected * spread + mean)[:50], abs=1e-9)


def test_it_fills_a_category_by_the_vote_of_its_neighbours_and_knows_the_empty_string():
    frame = pl.DataFrame(
        {
            "size": [1.0, 1.1, 1.2, 9.0, 9.1, 9.2, 1.05, 9.05],
            "kind": ["", "", "x", "y", "y", "x", None, None],
            "on": [True, True, True, False, False, False, None, None],
        }
    )
    batch = Batch(frame, np.arange(8), "tabular")
    after = ImputeKnn(neighbours=3).learn(batch)(batch).columns
    assert after["kind"].to_list() == ["", "", "x", "y", "y", "x", "", "y"]
    assert after["on"].to_list() == [True, True, True, False, False, False, True, False]


def test_it_fills_the_mean_and_the_commonest_where_nothing_is_shared():
    batch = tabular_of(40)
    step = ImputeKnn(columns=("age", "city")).learn(batch)
    alone = Batch(pl.DataFrame({"age": [None], "city": [None]}), np.arange(1), "tabular")
    after = step(alone).columns
    assert after["age"][0] == pytest.approx(batch["age"].mean())
    assert after["city"][0] == batch["city"].drop_nulls().mode().min()


def test_it_keeps_the_same_sample_of_rows_from_any_blocks_and_serves_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    batch = batch_from(holes())
    whole = ImputeKnn(reference=20).learn(batch)
    assert whole.known.shape == (20, 4)
    assert same_state(ImputeKnn(reference=20).learn_blocks(blocks_of(batch, 5)[::-1]), whole)
    assert whole(batch).columns.null_count().sum_horizontal()[0] == 0


def test_it_makes_floats_of_integers_in_every_batch():
    batch = Batch(pl.DataFrame({"n": [1, None, 4], "m": [1, 2, 3]}), np.arange(3), "tabular")
    step = ImputeKnn(neighbours=2).learn(batch)
    assert step(batch)["n"].to_list() == [1.0, 2.5, 4.0]
    assert step(batch.take(np.array([0])))["n"].dtype == pl.Float64


def test_it_refuses_a_date():
    with pytest.raises(DataError, match="column 'since' holds dates, not numbers, text or truth values"):
        ImputeKnn(columns=("since",)).learn(tabular_of(5))


@pytest.mark.parametrize("step", [Impute(), ImputeKnn(), ImputeModel()], ids=lambda step: step.name)
def test_an_infinite_value_is_there_and_stays(step):
    values = holes()
    values[0, 0], values[1, 0] = np.inf, np.nan
    batch = batch_from(values)
    made = step.learn(batch)(batch).columns.to_series(0)
    assert made[0] == np.inf
    assert np.isfinite(made[1])
