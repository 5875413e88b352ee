"""Features of tables, against scikit-learn and by known answers."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from rows import same_state
from trimtab.core.build_step import build_step
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.spec import StepSpec
from trimtab.data.engine_local import learn
from trimtab.data.splitmix import row_hash
from trimtab.features import FEATURES
from trimtab.features.dates import Dates
from trimtab.features.encode import OneHot, Ordinal
from trimtab.features.folds import fold_of, sample
from trimtab.features.scale import Scale
from trimtab.features.target_encode import TargetEncode


def frame(**columns) -> Batch:
    data = pl.DataFrame(columns, strict=False)
    return Batch(data, np.arange(data.height), modality="tabular")


NUMBERS = np.random.default_rng(0).normal(5, 3, (50, 2)).round(2)


@pytest.mark.parametrize(
    ("method", "peer"),
    [("standard", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())],
)
def test_it_scales_as_scikit_learn_does(method, peer):
    batch = frame(a=NUMBERS[:, 0], b=NUMBERS[:, 1], label=["x"] * 50)
    step = Scale(method=method).learn(batch)
    assert np.allclose(step.vectors(batch), peer.fit_transform(NUMBERS), atol=1e-6)
    assert step.names({}) == ("a", "b")


def test_it_keeps_missing_numbers_missing_and_a_constant_at_zero():
    step = Scale().learn(frame(a=[1.0, None, 3.0], same=[2, 2, 2]))
    later = frame(a=[None, float("nan"), 3.0], other=[0, 0, 0])
    assert np.array_equal(step.vectors(later)[:, 0], [np.nan, np.nan, 1.0], equal_nan=True)
    assert np.isnan(step.vectors(later)[:, 1]).all()  # a request that lacks the column
    assert step.vectors(frame(a=[1.0], same=[2])).tolist() == [[-1.0, 0.0]]


@pytest.mark.parametrize("method", ["standard", "min_max", "robust"])
def test_it_learns_from_finite_numbers(method):
    inf = float("inf")
    assert Scale(method=method).learn(frame(n=[None, inf, -inf])).scales == (("n", 0.0, 1.0),)
    some = Scale(method=method).learn(frame(n=[1.0, inf, 2.0, 5.0, -inf, 9.0]))
    assert some.scales == Scale(method=method).learn(frame(n=[1.0, 2.0, 5.0, 9.0])).scales


def test_it_makes_the_columns_of_scikit_learn_where_no_category_is_rare():
    colours = ["red", "blue", "red", "", "blue", ""]
    step = OneHot(min_count=1).learn(frame(colour=colours))
    peer = OneHotEncoder(sparse_output=False).fit_transform(np.array(colours)[:, None])
    assert np.array_equal(step.vectors(frame(colour=colours)).toarray()[:, :-1], peer)
    assert step.names({}) == ("colour=", "colour=blue", "colour=red", "colour rare")


def test_it_puts_rare_and_unknown_categories_together_and_nulls_nowhere():
    step = OneHot(min_count=2).learn(frame(colour=["red", "red", "blue", None, None]))
    rows = step.vectors(frame(colour=["red", "blue", "green", None, ""])).toarray()
    assert rows.tolist() == [[1, 0], [0, 1], [0, 1], [0, 0], [0, 1]]


def test_it_keeps_only_the_most_frequent_categories():
    step = OneHot(most=1).learn(frame(colour=["red"] * 3 + ["blue"] * 2))
    assert step.names({}) == ("colour=red", "colour rare")


def test_it_reads_numbers_as_categories_only_when_they_are_named():
    batch = frame(zip=[1.0, 1.0, 2.0, 2.0])
    assert OneHot().learn(batch).names({}) == ()
    step = OneHot(columns=("zip",)).learn(batch)
    assert step.names({}) == ("zip=1", "zip=2", "zip rare")
    assert step.vectors(frame(zip=[2])).toarray().tolist() == [[0, 1, 0]]


def test_it_ranks_categories_by_the_alphabet_by_frequency_or_as_told():
    batch = frame(size=["small", "large", "small", None])
    assert Ordinal().learn(batch).vectors(batch)[:3, 0].tolist() == [1, 0, 1]
    assert np.isnan(Ordinal().learn(batch).vectors(batch)[3, 0])
    assert Ordinal(by="frequency").learn(batch).vectors(batch)[:3, 0].tolist() == [0, 1, 0]
    told = build_step(
        StepSpec(name="ordinal", parameters={"order": {"size": ["small", "medium", "large"]}}),
        FEATURES,
        "here",
    ).learn(batch)
    assert told.vectors(frame(size=["large", "medium", "huge"])).ravel().tolist() == [2, 1, -1]


def test_it_smooths_the_mean_of_a_category_towards_that_of_all():
    batch = frame(city=["a", "a", "a", "b", None, None], label=[1.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    step = TargetEncode(smoothing=2).learn(batch)
    prior = 4 / 6
    wanted = [(3 + 2 * prior) / 5, (0 + 2 * prior) / 3, (1 + 2 * prior) / 4, prior]
    assert np.allclose(step.vectors(frame(city=["a", "b", None, "new"])).ravel(), wanted)


def test_it_gives_one_mean_for_two_classes_and_one_each_for_more():
    two = TargetEncode().learn(frame(city=["a", "b", "a"], label=["no", "yes", "yes"]))
    assert two.names({}) == ("city mean yes",)
    three = TargetEncode(smoothing=0).learn(frame(city=["a", "a", "b"], label=["x", "y", "z"]))
    assert three.names({}) == ("city mean x", "city mean y", "city mean z")
    assert three.vectors(frame(city=["a", "b", "new"])).round(4).tolist() == [
        [0.5, 0.5, 0], [0, 0, 1], pytest.approx([1 / 3] * 3, abs=1e-4),
    ]  # fmt: skip


def test_it_never_shows_a_train_row_its_own_label():
    """Each row by hand: the smoothed mean over the rows of the other folds."""
    rng = np.random.default_rng(1)
    batch = frame(city=rng.choice(list("abc"), 60), label=rng.normal(size=60).round(3))
    step = TargetEncode(smoothing=3, folds=4).learn(batch)
    got = step.on_train(batch)["target_encode"].to_numpy().ravel()
    folds, city, label = fold_of(batch.ids, 4, 0), batch["city"].to_numpy(), batch["label"].to_numpy()
    for row in range(60):
        others = folds != folds[row]
        own = others & (city == city[row])
        assert got[row] == pytest.approx(
            (label[own].sum() + 3 * label[others].mean()) / (own.sum() + 3), abs=1e-6
        )


def test_it_does_not_leak_what_a_category_of_one_row_each_would():
    """With a category of its own for each row, in-fold means would tell every label; out of fold, none."""
    rng = np.random.default_rng(2)
    label = rng.choice(["n", "y"], 400)
    batch = frame(name=[f"row {at}" for at in range(400)], label=label)
    (step,), (after,) = learn([TargetEncode(smoothing=1)], [batch])
    seen = after["target_encode"].to_numpy().ravel()
    # All that is left are the priors of five folds; a row's label moves that of its own fold down.
    assert len(np.unique(seen)) <= 5
    assert np.corrcoef(step.vectors(batch).ravel(), label == "y")[0, 1] == pytest.approx(1)


def test_it_takes_numbers_as_classes_when_told():
    batch = frame(city=["a", "b", "a", "b"], label=[0, 1, 2, 1])
    assert TargetEncode().learn(batch).names({}) == ("city mean",)
    assert len(TargetEncode(target="classes").learn(batch).names({})) == 3


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.integers(-(2**62), 2**62), unique=True, max_size=30), st.integers(1, 10), st.randoms())
def test_it_finds_the_same_fold_and_sample_in_any_order(ids, count, shuffler):
    ids = np.array(ids, np.int64)
    order = np.array(shuffler.sample(range(len(ids)), len(ids)), np.int64)
    assert np.array_equal(fold_of(ids, 3, 0)[order], fold_of(ids[order], 3, 0))
    assert set(ids[sample(ids, count, 0)]) == set(ids[order][sample(ids[order], count, 0)])
    assert len(sample(ids, count, 0)) == min(count, len(ids))


def test_it_spreads_consecutive_ids_evenly_over_folds():
    counts = np.bincount(fold_of(np.arange(10_000), 5, 0), minlength=5)
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 18.5  # chi-square, 4 degrees of freedom, p = 0.001
    assert len(np.unique(row_hash(np.arange(10_000), 0))) == 10_000


def test_it_takes_dates_apart():
    batch = frame(day=[date(1970, 1, 2), None], at=[datetime(2024, 12, 29, 18), datetime(2024, 2, 1)])
    step = Dates(cyclic=False).learn(batch)
    assert step.names({}) == (
        "at epoch", "at year", "at month", "at day", "at weekday", "at hour",
        "day epoch", "day year", "day month", "day day", "day weekday",
    )  # fmt: skip
    rows = step.vectors(batch)
    assert rows[0].tolist() == [20086.75, 2024, 12, 29, 7, 18, 1, 1970, 1, 2, 5]
    assert np.isnan(rows[1, 6:]).all()


def test_it_lays_december_beside_january_and_midnight_beside_eleven():
    times = [datetime(2024, 12, 1), datetime(2024, 1, 1), datetime(2024, 6, 1)]
    rows = Dates(parts=("month",)).learn(frame(at=times)).vectors(frame(at=times))
    assert rows[1].tolist() == [0, 1]
    near, far = np.linalg.norm(rows[0] - rows[1]), np.linalg.norm(rows[2] - rows[1])
    assert near < 0.52 < far


def test_it_reads_the_clocks_of_train():
    shanghai = pl.Series([datetime(2024, 1, 1, 1), None]).dt.replace_time_zone("Asia/Shanghai")
    step = Dates(parts=("year", "hour"), cyclic=False).learn(frame(at=shanghai))
    assert step.vectors(frame(at=shanghai.dt.convert_time_zone("UTC")))[0].tolist() == [2024, 1]
    assert np.isnan(step.vectors(frame(at=[None, None]))).all()
    told = "step dates: column 'at' holds times without a zone, in train they were of zone Asia/Shanghai"
    with pytest.raises(DataError, match=told):
        step.vectors(frame(at=[datetime(2024, 1, 1)]))


def test_it_tells_an_order_of_a_column_that_is_not_there():
    (fault,) = Ordinal(order={"sise": ("S", "M")}).check({"size": frozenset({"text"})})
    assert fault.problem == "no column 'sise'"


def test_it_refuses_a_column_that_holds_no_dates():
    with pytest.raises(DataError, match="column 'at' holds text, not dates"):
        Dates(columns=("at",)).learn(frame(at=["soon"])).vectors(frame(at=["soon"]))


@pytest.mark.parametrize(
    "step", [OneHot(columns=("n",)), Ordinal(columns=("n",)), TargetEncode(columns=("n",), folds=2)]
)
def test_a_number_is_the_same_category_whatever_stands_beside_it(step):
    values = [1.0, 2.5, 3.0, 1.0, 2.5, 3.0, 1.0, None]
    frame = pl.DataFrame({"n": values, "label": list("xyxyxyxy")})
    learned = step.learn(Batch(frame, np.arange(8), "tabular"))
    whole = learned.vectors(Batch(frame, np.arange(8), "tabular"))
    for at, value in enumerate(values[:3]):
        for kind in (pl.Float64, pl.Int64) if value != 2.5 else (pl.Float64,):
            alone = Batch(pl.DataFrame({"n": pl.Series([value]).cast(kind)}), np.arange(1), "tabular")
            np.testing.assert_array_equal(dense(learned.vectors(alone)), dense(whole)[at : at + 1])
    blocks = [Batch(frame[part], np.arange(8)[part], "tabular") for part in (slice(0, 1), slice(1, 8))]
    total = step.merge(*map(step.partial, blocks))
    assert same_state(step.finish(total), learned)


def dense(vectors) -> np.ndarray:
    return vectors.toarray() if hasattr(vectors, "toarray") else np.asarray(vectors)
