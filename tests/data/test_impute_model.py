"""Gaps filled by chained regressions."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from data.test_impute_knn import batch_from, holes
from rows import blocks_of, same_state
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.impute_model import ImputeModel


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_fills_numbers_as_scikit_learn_does_on_the_standardised_table():
    values = holes()
    mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scaled = (values - mean) / spread
    bounds = {"min_value": np.nanmin(scaled, axis=0), "max_value": np.nanmax(scaled, axis=0)}
    imputer = IterativeImputer(max_iter=5, tol=0.0, random_state=0, **bounds).fit(scaled)
    step = ImputeModel().learn(batch_from(values))
    later = batch_from(values[:50])
    expected = imputer.transform(scaled[:50]) * spread + mean
    assert step(later).columns.to_numpy() == pytest.approx(expected, abs=1e-9)


def test_it_serves_from_arrays_without_scikit_learn(tmp_path, monkeypatch):
    batch = batch_from(holes())
    step = ImputeModel().learn(batch)
    save_steps([step], tmp_path)
    (served,) = load_steps(tmp_path, STEPS)
    for module in ("sklearn", "sklearn.impute", "sklearn.experimental.enable_iterative_imputer"):
        monkeypatch.setitem(sys.modules, module, None)
    assert served(batch).columns.equals(step(batch).columns)
    assert not list(tmp_path.glob("*.pkl"))


def test_it_predicts_a_category_from_a_number_and_a_number_from_a_category():
    rng = np.random.default_rng(0)
    kind = rng.choice(["", "x"], 300)
    size = np.where(kind == "x", 5.0, 1.0) + rng.normal(0, 0.1, 300)
    frame = pl.DataFrame({"kind": kind, "size": size})
    step = ImputeModel().learn(Batch(frame, np.arange(300), "tabular"))
    gaps = pl.DataFrame({"kind": [None, None, "x", ""], "size": [5.0, 1.0, None, None]})
    after = step(Batch(gaps, np.arange(4), "tabular")).columns
    assert after["kind"].to_list() == ["x", "", "x", ""]
    assert after["size"].to_list() == pytest.approx([5.0, 1.0, 5.0, 1.0], abs=0.1)


def test_it_never_leaves_the_range_of_train():
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 1, 100)
    batch = Batch(pl.DataFrame({"a": a, "b": 3 * a}), np.arange(100), "tabular")
    later = Batch(pl.DataFrame({"a": [50.0, -50.0], "b": [None, None]}), np.arange(2), "tabular")
    assert ImputeModel().learn(batch)(later)["b"].to_list() == pytest.approx([3 * a.max(), 3 * a.min()])


def test_it_fits_the_same_sample_from_any_blocks():
    batch = batch_from(holes())
    whole = ImputeModel(reference=60).learn(batch)
    assert same_state(ImputeModel(reference=60).learn_blocks(blocks_of(batch, 5)[::-1]), whole)
