"""Steps that stand alone: what scikit-learn asks of estimators, and that they do what the step does."""

from __future__ import annotations

import pickle
import re
from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks

from alone import ACTIONS, NAMES, arguments, class_of, every, named, sample_of
from rows import ENGLISH
from trimtab.core.dropped import Dropped
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS, steps
from trimtab.features import FEATURES
from trimtab.features import steps as feature_steps

pandas = pytest.importorskip("pandas")

FIRST: dict[str, dict[str, Any]] = {
    **{
        name: {"time": "x0"}
        for name in ("Fourier", "Hampel", "Interpolate", "Lags", "Rolling", "RollingImpute")
    },
    **{name: {"columns": ("x0",)} for name in ("Fuse", "OneHot", "Ordinal", "TargetEncode")},
}
"""The column that a step is told of, where no array of numbers has the one that it looks for."""
NOT_CHECKED = dict.fromkeys(("Calendar", "Dates"), "reads dates, and the checks bring numbers alone")
EQUAL_TIMES = "rows of equal time follow one another as they come, and the check brings many of them"
OUT_OF_FOLD = "train rows are answered out of fold, as by scikit-learn's own TargetEncoder"
EXPECTED_TO_FAIL: dict[str, dict[str, str]] = {
    **{
        name: {
            "check_methods_subset_invariance": "a row is answered from the rows before it",
            "check_methods_sample_order_invariance": EQUAL_TIMES,
            "check_fit2d_1feature": "one column is the time, and no other is left to look back in",
        }
        for name in ("Lags", "Rolling")
    },
    "TargetEncode": {
        "check_transformer_general": OUT_OF_FOLD,
        "check_transformer_data_not_an_array": OUT_OF_FOLD,
    },
}
"""Checks that a step fails by intent, and why."""


def checked() -> list[Any]:
    """The estimators that take arrays of numbers."""
    made = []
    for name in (name for name in NAMES if name not in NOT_CHECKED):
        more = FIRST.get(name) or arguments(name)
        actions = [{"action": action} for action in ACTIONS.get(name, ())] or [{}]
        made += [class_of(name)(**more, **action) for action in actions]
    return [one for one in made if one.__sklearn_tags__().input_tags.two_d_array]


@estimator_checks.parametrize_with_checks(
    checked(),
    expected_failed_checks=lambda one: EXPECTED_TO_FAIL.get(type(one).__name__, {}),
    xfail_strict=True,
)
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


FORMAL = (
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_mixin_order,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
)
"""The checks that bring no rows: steps of texts and pictures pass them too."""


@pytest.mark.parametrize("check", FORMAL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_it_has_parameters_as_scikit_learn_wants_them(name, check):
    check(name, class_of(name)())


every_estimator = pytest.mark.parametrize("estimator", every(), ids=named)
TRANSFORMERS = [one for one in every() if hasattr(one, "transform")]
SAMPLERS = [one for one in every() if hasattr(one, "fit_resample")]


def test_there_is_a_class_for_each_step_of_both_registries():
    assert steps.__all__ == sorted(STEPS.load(name).__name__ for name in STEPS)
    assert feature_steps.__all__ == sorted(FEATURES.load(name).__name__ for name in FEATURES)
    assert len(TRANSFORMERS) + len(SAMPLERS) == len(every())


@every_estimator
def test_it_is_a_transformer_or_a_sampler_as_the_step_keeps_rows_or_not(estimator):
    assert hasattr(estimator, "fit_resample") == estimator.as_step().train_only
    for method in ("transform", "fit_transform", "get_feature_names_out", "set_output"):
        assert hasattr(estimator, method) != estimator.as_step().train_only


@every_estimator
def test_its_parameters_are_those_of_the_step(estimator):
    step = estimator.as_step()
    wanted = {one.name for one in fields(step)} - {*step.learned}
    assert {*estimator.get_params()} == wanted
    for name in wanted - {"weights", "order"}:  # None, where the step makes a new dictionary each time
        assert getattr(step, name) == getattr(estimator, name)


def split(estimator: Any) -> tuple[pl.DataFrame, pl.Series | None]:
    """X and y for a step; y where it has use for one."""
    columns = sample_of(estimator).columns
    step = estimator.as_step()
    use = step.needs_label or (step.train_only and hasattr(step, "label"))
    return columns.drop("label"), columns["label"] if use else None


def cells(frame: Any) -> dict[str, list[Any]]:
    """The values of a table by column, missing ones as None, arrays as lists."""
    frame = pl.from_pandas(frame.reset_index(drop=True)) if not isinstance(frame, pl.DataFrame) else frame
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    return frame.with_columns(pl.col(name).fill_nan(None) for name in floats).to_dict(as_series=False)


def dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def on_batch(estimator: Any) -> tuple[Any, Any, Any]:
    """The batch with its label where the estimator gets one, the learned step, and the batch after it."""
    from dataclasses import replace

    batch, (x, y) = sample_of(estimator), split(estimator)
    batch = replace(batch, columns=x if y is None else x.with_columns(y))
    step = estimator.as_step().learn(batch)
    return batch, step, step.on_train(batch)


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=named)
def test_a_transformer_does_to_frames_what_the_step_does_to_a_batch(estimator):
    from trimtab.features.feature import Feature
    from trimtab.features.matrix import matrix

    x, y = split(estimator)
    _, step, after = on_batch(estimator)
    table = x.to_pandas().set_index(np.arange(len(x)) + 100)
    for given in (x, table):
        kept = given.copy() if given is table else given.clone()
        made = clone(estimator).fit_transform(given, y)
        assert given.equals(kept)
        if isinstance(step, Feature):
            names = step.names({})
            assert np.array_equal(dense(made), dense(matrix(after, step.output, len(names))), equal_nan=True)
        else:
            assert cells(made) == cells(after.columns.drop("label", strict=False))
        if type(made) is type(table):
            assert made.index.equals(table.index)
        assert hasattr(made, "toarray") or type(made) is type(given)


@pytest.mark.parametrize("estimator", SAMPLERS, ids=named)
def test_a_sampler_does_to_frames_what_the_step_does_to_a_batch(estimator):
    x, y = split(estimator)
    batch, step, after = on_batch(estimator)
    labels = sample_of(estimator).columns["label"]
    table = x.to_pandas().set_index(np.arange(len(x)) + 100)
    for given, target in ((x, labels), (table, labels.to_pandas().set_axis(table.index))):
        kept = given.copy() if given is table else given.clone()
        sampler = clone(estimator)
        made, of = sampler.fit_resample(given, target if y is not None else None)
        assert given.equals(kept)
        assert cells(made) == cells(after.columns.drop("label", strict=False))
        assert sampler.dropped_ == after.dropped
        gone = [drop.id for drop in sampler.dropped_]
        assert {*sampler.sample_indices_.tolist(), *gone} == {*range(len(x))}
        if given is table:
            assert made.index.equals(table.index[sampler.sample_indices_])
        if y is None:
            assert of is None
            made, of = sampler.fit_resample(given, target)
            assert cells(made) == cells(after.columns)
        assert of.to_list() == labels[sampler.sample_indices_].to_list()
        assert type(of) is type(target)
    assert isinstance(sampler.dropped_, Dropped)
    assert batch.columns.width
    assert type(sampler.step_) is type(step)


@every_estimator
def test_it_comes_back_from_pickle_and_its_step_from_disk(estimator, tmp_path):
    x, y = split(estimator)
    fitted = clone(estimator).fit(x, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.get_params() == fitted.get_params()
    if hasattr(fitted, "transform"):
        assert list(again.get_feature_names_out()) == list(fitted.get_feature_names_out())
        first, second = fitted.transform(x), again.transform(x)
        assert type(first) is type(second)
        if isinstance(first, pl.DataFrame):
            assert first.equals(second)
        else:
            assert np.array_equal(dense(first), dense(second), equal_nan=True)
    save_steps([fitted.step_], tmp_path)
    (step,) = load_steps(tmp_path, STEPS, FEATURES)
    assert type(step) is type(fitted.step_)


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=named)
def test_it_names_the_columns_that_it_gives(estimator):
    x, y = split(estimator)
    fitted = clone(estimator).fit(x, y)
    made = fitted.transform(x)
    names = fitted.get_feature_names_out().tolist()
    assert made.shape == (len(x), len(names))
    if isinstance(made, pl.DataFrame):
        assert made.columns == names
        table = fitted.set_output(transform="pandas").transform(x)
        assert list(table.columns) == names


def test_a_wrong_value_is_told_when_it_is_fitted_and_a_wrong_name_at_once():
    with pytest.raises(
        ConfigError, match=r"no parameter 'numerics'; did you mean 'numeric'\? allowed: categorical"
    ):
        steps.Impute(numerics="mean")
    with pytest.raises(
        ConfigError, match=r"trimtab\.data\.steps\.Impute: impute\.numeric is 'medain'.*'median'"
    ):
        steps.Impute(numeric="medain").fit([[1.0]])
    with pytest.raises(ConfigError, match=r"iqr\.action is 'cut'"):
        steps.Iqr(action="cut").fit_transform([[1.0]])
    with pytest.raises(AttributeError, match="no step 'Imput'; did you mean 'Impute'"):
        _ = steps.Imput


def test_a_step_that_needs_labels_asks_for_y():
    with pytest.raises(ValueError, match=r"requires y to be passed.*give y, or a column 'label'"):
        steps.Oversample().fit_resample([[1.0], [2.0]])
    with pytest.raises(ValueError, match="X has a column 'label' too"):
        steps.Oversample().fit_resample(pl.DataFrame({"a": [1, 2], "label": ["x", "y"]}), ["x", "y"])
    rows, _ = steps.Oversample().fit_resample(pl.DataFrame({"a": [1, 2, 3], "label": ["x", "y", "y"]}))
    assert rows["label"].to_list() == ["x", "y", "y", "x"]


@every_estimator
def test_it_takes_a_list_of_texts_or_says_in_one_line_what_it_takes(estimator):
    texts, labels = [*ENGLISH, None] * 2, ["a", "b"] * (len(ENGLISH) + 1)
    step = clone(estimator)
    act = step.fit_resample if hasattr(step, "fit_resample") else step.fit_transform
    if step.as_step().single and "text" in step.as_step().accepts:
        made = act(texts, labels)
        assert len(made[0] if isinstance(made, tuple) else dense(made)) > 0
        return
    with pytest.raises(DataError) as caught:
        act(texts, labels)
    assert "\n" not in str(caught.value)
    assert re.search("takes a table, and X is one sequence of values|holds", str(caught.value))


def test_a_table_that_is_a_series_or_a_list_of_texts_is_refused_with_what_to_give():
    said = r"^step iqr: takes a table, and X is one sequence of values \({}\); give a frame, or an array"
    for given in (["my card", "send it"], pandas.Series(["my card"]), pl.Series([1, 2])):
        with pytest.raises(DataError, match=said.format(type(given).__name__)):
            steps.Iqr().fit_resample(given)


def test_texts_that_are_none_are_refused():
    with pytest.raises(DataError, match="column 'text': holds Int64, not texts"):
        feature_steps.TfIdf().fit(pl.DataFrame({"text": [1, 2], "more": [1, 2]}))
    with pytest.raises(DataError, match="'text' mixes texts and other values"):
        feature_steps.TfIdf().fit(np.array(["a", 1], dtype=object))


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_hides_a_method(name):
    kind = class_of(name)
    asked = {"score", "predict", "predict_proba", "decision_function", "inverse_transform", "partial_fit"}
    assert not {*kind().get_params()} & ({*dir(kind)} | asked)
