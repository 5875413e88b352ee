"""Selection of features, against scikit-learn, XGBoost and planted truths."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import pearsonr, spearmanr
from sklearn.feature_selection import mutual_info_classif
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import mutual_info_score

from rows import blocks_of, same_state
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.features import FEATURES
from trimtab.features.matrix import as_series, matrix
from trimtab.features.select.base import SHOWN, best
from trimtab.features.select.correlation import SelectCorrelation
from trimtab.features.select.importance import SelectImportance
from trimtab.features.select.mutual_info import SelectMutualInfo
from trimtab.features.select.permutation import SelectPermutation
from trimtab.features.select.rfe import SelectRfe
from trimtab.features.select.stability import stability
from trimtab.features.select.variance import SelectVariance, variance
from trimtab.features.target import target_of

RNG = np.random.default_rng(0)
ROWS = 240
DENSE = RNG.normal(size=(ROWS, 8)).astype(np.float32)
DENSE[:, 7] = DENSE[:, 0] + 0.01 * RNG.normal(size=ROWS)  # nearly a copy of the first
NUMBER = 2 * DENSE[:, 0] - DENSE[:, 1] + 0.1 * RNG.normal(size=ROWS)
CLASS = np.where(NUMBER > 0.7, "high", np.where(NUMBER < -0.7, "low", "middle"))
SPARSE = csr_matrix((RNG.random((ROWS, 30)) < 0.1) * RNG.random((ROWS, 30))).astype(np.float32)
SEVERAL = [
    "select_correlation",
    "select_mutual_info",
    "select_importance",
    "select_permutation",
    "select_rfe",
]


def batch(label=CLASS, features=DENSE) -> Batch:
    return Batch(pl.DataFrame({"label": label, "x": as_series(features)}), np.arange(ROWS) * 5 + 1)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("label", [CLASS, NUMBER], ids=["classes", "numbers"])
def test_it_finds_the_features_that_tell(name, label):
    step = FEATURES.load(name)(column="x", keep=3).learn(batch(label))
    kept = set(step.kept.tolist())
    assert 1 in kept
    assert kept & {0, 7}
    assert step.vectors(batch(label)).tolist() == DENSE[:, step.kept].tolist()


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("label", [CLASS, NUMBER], ids=["classes", "numbers"])
def test_it_reads_sparse_features_and_learns_the_same_from_blocks(name, label, tmp_path):
    rows = batch(label, SPARSE)
    step = FEATURES.load(name)(column="x", keep=5, resamples=3)
    whole = step.learn(rows)
    assert len(whole.kept) == 5
    blocks = blocks_of(rows, 3)
    assert same_state(step.learn_blocks(blocks[::-1]), whole)
    save_steps([whole], tmp_path)
    (again,) = load_steps(tmp_path, FEATURES)
    assert same_state(again, whole)
    served = Batch(rows.columns.drop("label"), rows.ids)
    wanted = SPARSE[:, whole.kept].toarray()
    assert np.array_equal(matrix(again(served), name, 5).toarray(), wanted)


def test_it_drops_constants_by_variance_and_needs_no_label():
    rows = np.array([[1, 0.1, 5], [2, 0.1, 5], [3, 0.1, 5]], np.float32)
    for features in (rows, csr_matrix(rows)):
        assert np.allclose(variance(features), rows.astype(float).var(axis=0))
        step = SelectVariance(column="x").learn(Batch(pl.DataFrame({"x": as_series(features)}), np.arange(3)))
        assert step.kept.tolist() == [0]


def test_it_scores_by_pearsons_correlation():
    step = SelectCorrelation(column="x", keep=8, among=1.0).learn(batch(NUMBER))
    wanted = [abs(pearsonr(column, NUMBER)[0]) for column in DENSE.T]
    assert np.allclose(step.scores, wanted, atol=1e-6)


def test_it_scores_by_spearmans_correlation():
    step = SelectCorrelation(column="x", method="spearman").learn(batch(np.exp(NUMBER)))
    wanted = [abs(spearmanr(column, NUMBER)[0]) for column in DENSE.T]
    assert np.allclose(step.scores, wanted, atol=1e-6)


def test_it_scores_classes_by_the_best_class_against_the_rest():
    step = SelectCorrelation(column="x").learn(batch())
    wanted = max(abs(pearsonr(DENSE[:, 0], name == CLASS)[0]) for name in set(CLASS))
    assert step.scores[0] == pytest.approx(wanted, abs=1e-6)


def test_it_keeps_one_of_two_features_that_go_together():
    step = SelectCorrelation(column="x", keep=3).learn(batch(NUMBER))
    assert len(set(step.kept.tolist()) & {0, 7}) == 1
    both = SelectCorrelation(column="x", keep=3, among=1.0).learn(batch(NUMBER))
    assert {0, 7} <= set(both.kept.tolist())


def test_it_stops_at_the_least_correlation():
    assert SelectCorrelation(column="x", keep=8, least=0.3).learn(batch(NUMBER)).kept.tolist() in (
        [0, 1],
        [1, 7],
    )


def test_it_gives_the_mutual_information_of_scikit_learn():
    dense = SelectMutualInfo(column="x").learn(batch())
    assert np.allclose(dense.scores, mutual_info_classif(DENSE, CLASS, random_state=0))
    sparse = SelectMutualInfo(column="x").learn(batch(features=SPARSE))
    wanted = [mutual_info_score(CLASS, column != 0) for column in SPARSE.toarray().T]
    assert np.allclose(sparse.scores, wanted)


def test_it_sees_by_trees_and_mutual_information_what_no_correlation_shows():
    hidden = (DENSE[:, 3] ** 2).astype(float)
    assert SelectImportance(column="x", keep=1).learn(batch(hidden)).kept.tolist() == [3]
    assert SelectMutualInfo(column="x", keep=1).learn(batch(hidden)).kept.tolist() == [3]


def test_it_gives_the_gain_of_xgboost():
    import xgboost

    step = SelectImportance(column="x", trees=7, depth=3, importance="gain").learn(batch(NUMBER))
    peer = xgboost.XGBRegressor(
        n_estimators=7, max_depth=3, learning_rate=0.3, importance_type="gain", n_jobs=1, random_state=0
    ).fit(DENSE, NUMBER)
    assert np.allclose(step.scores / step.scores.sum(), peer.feature_importances_, atol=1e-5)


def test_it_permutes_as_scikit_learn_does_up_to_chance():
    step = SelectPermutation(column="x", repeats=200).learn(batch(NUMBER))
    held = np.random.default_rng(0).permutation(ROWS) < ROWS // 3
    model = Ridge(alpha=1.0).fit(DENSE[~held], NUMBER[~held])
    peer = permutation_importance(
        model, DENSE[held], NUMBER[held], scoring="neg_mean_squared_error", n_repeats=200, random_state=1
    )
    error = 4 * np.sqrt(2) * peer.importances_std / np.sqrt(200) + 1e-6
    assert (np.abs(step.scores - peer.importances_mean) < error).all()


def test_it_gives_the_ranks_of_elimination_as_scores():
    step = SelectRfe(column="x", keep=2).learn(batch(NUMBER))
    assert sorted(step.scores.tolist())[-2:] == [0, 0]
    assert (step.scores[[at for at in range(8) if at not in step.kept]] < 0).all()


def test_it_selects_named_columns_of_numbers_and_fills_gaps_only_to_score_them():
    frame = pl.DataFrame({"a": NUMBER, "b": DENSE[:, 4].astype(float), "label": CLASS})
    frame = frame.with_columns(a=pl.when(pl.int_range(ROWS) % 9 == 0).then(None).otherwise("a"))
    rows = Batch(frame, np.arange(ROWS), modality="tabular")
    step = SelectCorrelation(keep=1).learn(rows)
    assert step.names({}) == ("a",)
    assert np.isnan(step.vectors(rows)[::9]).all()


def test_it_learns_nothing_from_rows_without_a_label():
    label = pl.Series(CLASS).scatter(np.arange(100), None)
    junk = DENSE.copy()
    junk[:100] = 1e6
    some = SelectCorrelation(column="x").learn(batch(label, junk))
    kept = Batch(batch().columns[100:], batch().ids[100:])
    assert np.array_equal(some.scores, SelectCorrelation(column="x").learn(kept).scores)


def test_it_tells_stable_selections_from_lucky_ones():
    sure = SelectCorrelation(column="x", keep=2, resamples=30).learn(batch(NUMBER))
    assert sure.frequency[1] == 1
    assert sure.frequency[0] + sure.frequency[7] == 1  # which of the copies stays is chance
    noise = SelectCorrelation(column="x", keep=2, resamples=30, among=1.0).learn(batch(RNG.normal(size=ROWS)))
    clear = SelectCorrelation(column="x", keep=3, resamples=30, among=1.0).learn(batch(NUMBER))
    assert clear.stability[0] == 1
    assert noise.stability[2] < 1
    assert sum(row["kept"] for row in sure.summary({})) == 2
    assert {row["feature"] for row in clear.summary({"x": list("abcdefgh")})[:3]} == {"a", "b", "h"}


@pytest.mark.parametrize("resamples", [0, 10])
def test_it_tells_the_report_what_it_kept_by_the_names_of_its_source(resamples):
    step = SelectCorrelation(column="x", into="few", keep=2, among=1.0, resamples=resamples).learn(
        batch(NUMBER)
    )
    told = step.facts({"x": list("abcdefgh")})
    assert (told["column"], told["features"], told["of"]) == ("few", 2, 8)
    assert {row["feature"] for row in told["ranked"] if row["kept"]} == {"a", "h"}
    assert len(told["stability"]) == (3 if resamples else 0)
    assert json.loads(json.dumps(told)) == told
    wide = SelectCorrelation(column="x").learn(batch(NUMBER, RNG.normal(size=(ROWS, 120)).astype(np.float32)))
    assert len(wide.facts()["ranked"]) == SHOWN < wide.facts()["of"] == 120


def test_it_measures_stability_as_kuncheva_did_where_sets_have_one_size():
    """Kuncheva (2007): the mean over pairs of (r - k^2/d) / (k - k^2/d), r shared of k among d."""
    rng = np.random.default_rng(3)
    chosen = np.array([rng.permutation([1] * 4 + [0] * 8) for _ in range(10)], bool)
    pairs = [
        ((chosen[left] & chosen[right]).sum() - 16 / 12) / (4 - 16 / 12)
        for left in range(10)
        for right in range(left)
    ]
    value, low, high = stability(chosen)
    assert value == pytest.approx(np.mean(pairs))
    assert low < value < high


def test_it_covers_the_true_stability_about_as_often_as_it_says():
    """The population: four features of twenty, the first two always, two of the others by chance."""

    def draw(rng, count):
        chosen = np.zeros((count, 20), bool)
        chosen[:, :2] = True
        for row in chosen:
            row[2 + rng.permutation(18)[:2]] = True
        return chosen

    truth = 1 - (18 * (1 / 9) * (8 / 9) / 20) / (0.2 * 0.8)
    found = [stability(draw(np.random.default_rng(seed), 40)) for seed in range(300)]
    covered = np.mean([low <= truth <= high for _, low, high in found])
    assert 0.90 < covered < 0.99


def test_it_has_no_stability_where_nothing_was_chosen_from():
    assert (
        stability(np.ones((5, 3), bool))
        == stability(np.ones((1, 3), bool))
        == stability(np.zeros((0, 0)))
        == ()
    )


def test_it_keeps_the_first_of_equal_scores_and_a_share_rounded_up():
    assert best(np.array([1.0, 2.0, 1.0]), 2).tolist() == [True, True, False]
    assert best(np.array([3.0, 2.0, 1.0]), 0.5).tolist() == [True, True, False]


def test_it_reads_a_target_as_classes_or_numbers():
    assert target_of(pl.Series(["b", "a", "b"]), "auto").values.tolist() == [1, 0, 1]
    assert target_of(pl.Series([3, 1]), "auto").classes == 0
    assert target_of(pl.Series([3, 1, 3]), "classes").columns().tolist() == [[0, 1], [1, 0], [0, 1]]
