"""Feature columns put together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from rows import batch_of, blocks_of, same_state
from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.features import FEATURES
from trimtab.features.feature import feature_names
from trimtab.features.fuse import Fuse, _score
from trimtab.features.matrix import as_series
from trimtab.features.target import Target
from trimtab.features.tfidf import TfIdf

RNG = np.random.default_rng(0)
ROWS = 150
LABELS = RNG.choice(["a", "b", "c"], ROWS)
TELLING = (np.eye(3)[np.unique(LABELS, return_inverse=True)[1]] + RNG.normal(0, 0.3, (ROWS, 3))).astype(
    np.float32
)
NOISE = RNG.normal(0, 5, (ROWS, 4)).astype(np.float32)


def batch(label=LABELS) -> Batch:
    frame = pl.DataFrame({"label": label, "good": as_series(TELLING), "bad": as_series(csr_matrix(NOISE))})
    return Batch(frame, np.arange(ROWS) * 3)


def test_it_puts_columns_side_by_side_each_row_of_a_block_of_length_one():
    got = Fuse().learn(batch()).vectors(batch()).toarray()
    assert got.shape == (ROWS, 7)
    assert np.allclose(np.linalg.norm(got[:, :4], axis=1), 1)  # `bad` comes first by the alphabet
    assert np.allclose(np.linalg.norm(got[:, 4:], axis=1), 1)


def test_it_gives_every_block_a_variance_of_one():
    got = Fuse(columns=("good", "bad"), scaling="unit_variance").learn(batch()).vectors(batch()).toarray()
    assert got[:, :3].var(axis=0).sum() == pytest.approx(1, abs=1e-5)
    assert got[:, 3:].var(axis=0).sum() == pytest.approx(1, abs=1e-5)


def test_it_takes_weights_and_wants_one_for_each_column():
    step = Fuse(columns=("good",), scaling="none", weights=(4.0,)).learn(batch())
    assert np.allclose(step.vectors(batch()), 2 * TELLING)
    with pytest.raises(ConfigError, match="1 weights for 2 columns"):
        Fuse(weights=(1.0,)).learn(batch())


@pytest.mark.parametrize("label", [LABELS, TELLING.sum(axis=1) * TELLING[:, 0]], ids=["classes", "numbers"])
def test_it_learns_to_leave_out_a_block_of_noise(label):
    step = Fuse(columns=("good", "bad"), weights="learnt", scaling="unit_variance").learn(batch(label))
    (_, _, good), (_, _, bad) = step.blocks
    weight = [(factor * spread) ** 2 for factor, spread in ((good, _root(TELLING)), (bad, _root(NOISE)))]
    assert sum(weight) == pytest.approx(2)
    assert weight[0] > weight[1]


def _root(block):
    return np.sqrt(block.astype(float).var(axis=0).sum())


def test_it_scores_weights_by_the_ridge_regression_of_scikit_learn():
    folds = np.arange(ROWS) % 3
    kernels = [(block @ block.T).astype(float) for block in (TELLING, NOISE)]
    target = Target(TELLING[:, 0].astype(float) ** 2, 0)
    (got, *_) = _score(kernels, np.array([0.5, 0.5]), target, folds)
    both, errors = np.sqrt(0.5) * np.c_[TELLING, NOISE].astype(float), []
    for fold in range(3):
        held, rest = folds == fold, folds != fold
        penalty = 0.01 * (both[rest] ** 2).sum() / rest.sum()
        mean = target.values[rest].mean()
        peer = Ridge(alpha=penalty, fit_intercept=False).fit(both[rest], target.values[rest] - mean)
        errors.append((peer.predict(both[held]) + mean - target.values[held]) ** 2)
    assert got == pytest.approx(-np.concatenate(errors).mean(), rel=1e-4)  # kernels are float32


@pytest.mark.parametrize("weights", ["equal", "learnt"])
@pytest.mark.parametrize("scaling", ["l2", "unit_variance"])
def test_it_learns_the_same_from_blocks_of_features_in_any_order(weights, scaling, tmp_path):
    step = Fuse(weights=weights, scaling=scaling)
    whole = step.learn(batch())
    blocks = blocks_of(batch(), 4)
    assert same_state(step.learn_blocks(blocks), whole)
    assert same_state(step.learn_blocks(blocks[::-1]), whole)
    save_steps([whole], tmp_path)
    assert same_state(load_steps(tmp_path, FEATURES)[0], whole)
    pieces = np.concatenate([whole.vectors(block).toarray() for block in blocks])
    assert np.array_equal(pieces, whole.vectors(batch()).toarray())


def test_it_names_features_by_their_column():
    rows = batch_of(["lost card", "lost cash"])
    words = TfIdf(ngrams=(1, 1)).learn(rows)
    fused = Fuse(columns=("tfidf",)).learn(words(rows))
    assert feature_names([words, fused])["fuse"] == ("tfidf: lost",)
