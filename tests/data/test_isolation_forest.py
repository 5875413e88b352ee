"""Isolation forest: scores of scikit-learn, from arrays."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn import ensemble

from rows import blocks_of, same_state
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.isolation_forest import COLUMN, IsolationForest

VALUES = np.random.default_rng(0).normal(size=(600, 3))
VALUES[:4] += 8


def batch_from(values: np.ndarray) -> Batch:
    return Batch(pl.DataFrame(values, schema=["a", "b", "c"]), np.arange(len(values)), "tabular")


BATCH = batch_from(VALUES)


def test_its_scores_are_those_of_scikit_learn():
    forest = ensemble.IsolationForest(random_state=3).fit(VALUES.astype(np.float32))
    step = IsolationForest(seed=3).learn(BATCH)
    assert step.scores(VALUES) == pytest.approx(-forest.score_samples(VALUES.astype(np.float32)), abs=1e-12)


def test_it_drops_the_share_that_is_set_apart_first():
    after = IsolationForest().learn(BATCH)(BATCH)
    assert {0, 1, 2, 3} <= {drop.id for drop in after.dropped}
    assert len(after.dropped) == 6
    assert after.dropped[0].reason.startswith("isolation score 0.")


def test_it_accuses_no_row_that_is_as_usual_as_the_others():
    even = np.tile(np.arange(8.0), 30)[:, None].repeat(3, axis=1)
    assert IsolationForest(share=0.2).learn(batch_from(even)).cutoff >= 0.5


def test_it_flags_requests_without_scikit_learn(tmp_path, monkeypatch):
    step = IsolationForest(action="flag").learn(BATCH)
    assert not step.train_only
    save_steps([step], tmp_path)
    (served,) = load_steps(tmp_path, STEPS)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    request = batch_from(np.array([[0.0, 0.1, np.nan], [9.0, 9.0, 9.0], [np.inf, 0.0, 0.0], [np.nan] * 3]))
    assert served(request)[COLUMN].to_list() == [False, True, True, False]
    lacking = replace(request, columns=request.columns.drop("c"))
    assert served(lacking)[COLUMN].to_list() == [False] * 4


def test_it_grows_the_same_trees_from_any_blocks():
    whole = IsolationForest().learn(BATCH)
    assert same_state(IsolationForest().learn_blocks(blocks_of(BATCH, 7)[::-1]), whole)
