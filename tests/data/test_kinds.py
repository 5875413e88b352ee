"""A column that holds something else than it held in train: refused, or cast where nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import numpy as np
import polars as pl
import pytest

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import Step, load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.impute import Impute
from trimtab.data.impute_knn import ImputeKnn
from trimtab.data.impute_model import ImputeModel
from trimtab.data.isolation_forest import IsolationForest
from trimtab.data.outliers import Iqr, QuantileClip, RobustZScore, ZScore
from trimtab.features.columns import words
from trimtab.features.encode import OneHot
from trimtab.features.lags import Lags
from trimtab.features.scale import Scale

HELD: dict[str, list[Any]] = {
    "numbers": [1, 2, None, 4] * 3,
    "text": ["x", "yy", None, "yy"] * 3,
    "truth values": [True, False, None, True] * 3,
}
LATER = {
    "String": pl.Series(["7", None] * 2),
    "Int64": pl.Series([7, None] * 2),
    "Float64": pl.Series([7.5, float("nan")] * 2),
    "Boolean": pl.Series([True, None] * 2),
    "Date": pl.Series([7, None] * 2).cast(pl.Date),
    "List": pl.Series([[7], None] * 2),
    "Enum": pl.Series(["a", None] * 2, dtype=pl.Enum(["a"])),
}
FITS = {
    "numbers": {"Int64", "Float64"},
    "text": {"String", "Enum"},
    "truth values": {"Boolean"},
}
NUMBERS_ALONE = (
    Iqr(action="clip"),
    ZScore(action="null"),
    RobustZScore(action="flag"),
    QuantileClip(),
    IsolationForest(action="flag"),
)
CASES = [
    *((Impute(), held) for held in HELD),
    *((step, held) for step in (ImputeKnn(), ImputeModel()) for held in ("numbers", "text")),
    *((step, "numbers") for step in NUMBERS_ALONE),
]


def batch(values: pl.Series) -> Batch:
    frame = pl.DataFrame({"a": values, "more": np.arange(len(values), dtype=float)})
    return Batch(frame, np.arange(len(values)), "tabular")


def learnt(step: Step, held: str) -> Step:
    return step.learn(batch(pl.Series(HELD[held])))


every_case = pytest.mark.parametrize(("step", "held"), CASES, ids=lambda one: getattr(one, "name", one))


@every_case
@pytest.mark.parametrize("kind", LATER)
def test_it_refuses_what_train_did_not_hold_by_step_column_both_types_and_remedy(step, held, kind, tmp_path):
    save_steps([learnt(step, held)], tmp_path)
    (step,) = load_steps(tmp_path, STEPS)
    if kind in FITS[held]:
        assert len(step(batch(LATER[kind]))) == 4
        return
    with pytest.raises(DataError) as caught:
        step(batch(LATER[kind]))
    assert str(caught.value) == (
        f"step {step.name}: column 'a' holds {kind}, in train it held {held}; "
        f"give it as {held}, or learn the step anew"
    )


@pytest.mark.parametrize(
    ("step", "held"),
    [case for case in CASES if case[0].name != "isolation_forest"],
    ids=lambda one: getattr(one, "name", one),
)
@pytest.mark.parametrize("kind", [pl.Null, pl.String, pl.Float64, pl.Int64, pl.Date])
def test_a_column_without_any_value_is_of_the_type_of_train(step, held, kind):
    untold = batch(pl.Series([None] * 4, dtype=kind))
    made = learnt(step, held)(untold)["a"]
    assert str(made.dtype) in FITS[held]
    assert made.null_count() == (0 if "impute" in step.name else 4)


def test_it_fills_a_column_of_nan_that_stands_for_missing_texts():
    made = learnt(Impute(), "text")(batch(pl.Series([float("nan")] * 2)))
    assert made["a"].to_list() == ["yy", "yy"]


@pytest.mark.parametrize(
    ("fill", "later", "wanted"),
    [
        (300, pl.Series([1, None], dtype=pl.UInt8), [1.0, 300.0]),
        (3, pl.Series([1.5, None]), [1.5, 3.0]),
        (3, pl.Series([1, None], dtype=pl.Int8), [1, 3]),
        ("b", pl.Series(["a", None], dtype=pl.Enum(["a"])), ["a", "b"]),
        ("b", pl.Series(["a", None], dtype=pl.Enum(["a", "b"])), ["a", "b"]),
    ],
)
def test_it_widens_a_type_that_cannot_hold_the_fill(fill, later, wanted):
    step = Impute(numeric="most_frequent").learn(batch(pl.Series([fill, fill])))
    assert step(batch(later))["a"].to_list() == wanted


@pytest.mark.parametrize("step", [ImputeKnn(), ImputeModel()])
def test_a_category_that_does_not_know_a_fill_becomes_text(step):
    made = learnt(step, "text")(batch(LATER["Enum"]))["a"]
    assert made.dtype == pl.String
    assert made.null_count() == 0


def test_a_text_is_never_measured_against_numbers():
    """The lengths of texts and numbers are both numbers: a step must remember which it learnt."""
    step = Iqr(columns=("a",), action="null")
    assert learnt(step, "text").lengths == ("a",)
    with pytest.raises(DataError, match="column 'a' holds Int64, in train it held text"):
        learnt(step, "text")(batch(LATER["Int64"]))


@pytest.mark.parametrize("step", [Scale(), Lags(time="more")])
def test_features_of_numbers_refuse_text_by_step_and_column(step):
    said = f"step {step.name}: column 'a' holds String, not numbers; give it as numbers, or name others"
    with pytest.raises(DataError, match=said):
        learnt(step, "numbers")(batch(LATER["String"]))
    assert len(learnt(step, "numbers")(batch(pl.Series([None] * 4, dtype=pl.String)))) == 4


def test_scale_refuses_to_learn_from_text_that_is_named():
    with pytest.raises(DataError, match="step scale: column 'a' holds text, not numbers or truth values"):
        learnt(Scale(columns=("a",)), "text")


def test_lists_are_no_categories():
    with pytest.raises(DataError, match=r"column 'a': holds lists, no categories"):
        words(LATER["List"].alias("a"))


LARGE = pl.DataFrame({"id": [2**60 + at for at in range(8)], "a": [1.0, None, 3, 4, 5, 6, 7, 8]})


@pytest.mark.parametrize("step", [ImputeKnn(), ImputeModel(), QuantileClip(), Iqr(action="clip")])
def test_it_rounds_no_integer_that_floats_cannot_hold(step):
    rows = Batch(LARGE, np.arange(8), "tabular")
    told = f"step {step.name}: column 'id' holds integers beyond 2\\^53.*give it as text, or leave it out"
    with pytest.raises(DataError, match=told):
        step.learn(rows)(rows)
    left_out = replace(step, columns=("a",))
    assert left_out.learn(rows)(rows)["id"].equals(LARGE["id"])


def test_a_fill_rounds_no_large_integer_either():
    gaps = Batch(LARGE.with_columns(id=pl.col("id").replace(2**60, None)), np.arange(8), "tabular")
    exact = Impute(numeric="most_frequent").learn(gaps)(gaps)["id"]
    assert exact.to_list() == [2**60 + 1, *LARGE["id"][1:]]
    with pytest.raises(DataError, match="step impute: column 'id' holds integers beyond"):
        Impute(numeric="constant", number=0.5).learn(gaps)(gaps)


@pytest.mark.parametrize("step", [Impute(), ImputeKnn(), ImputeModel()])
def test_a_column_that_cannot_be_filled_is_refused_by_name_and_else_left_alone(step):
    days = pl.Series([date(2024, 1, 1), None] * 4)
    rows = Batch(LARGE.select("a").with_columns(day=days), np.arange(8), "tabular")
    with pytest.raises(DataError, match="column 'day' holds dates, not numbers, text or truth values"):
        replace(step, columns=("day",)).learn(rows)
    assert step.learn(rows)(rows)["day"].equals(days.alias("day"))


def test_a_time_of_day_is_a_category_and_groups_rows():
    shifts = pl.Series([time(6), time(14)] * 4)
    rows = Batch(LARGE.select("a").with_columns(shift=shifts), np.arange(8), "tabular")
    assert len(OneHot(columns=("shift",)).learn(rows).names({})) == 3
    assert len(Iqr(columns=("a",), by=("shift",)).learn(rows).group_bounds) == 2
