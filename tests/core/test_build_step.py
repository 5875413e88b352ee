"""From names and parameters in the spec to steps."""

from __future__ import annotations

import pytest

from trimtab.core.build_step import build_step, parameters
from trimtab.core.errors import ConfigError, SpecErrors
from trimtab.core.spec import Spec
from trimtab.core.step import Step
from trimtab.data import STEPS


def build(step: object, **context: object) -> Step:
    data = {"train": "t.csv"}
    tree = {"version": 1, "task": "text-classification", "data": data, "clean": [step], "budget": {}}
    return build_step(Spec.model_validate(tree).clean[0], STEPS, "trimtab.yaml:5", **context)


def test_it_fills_in_the_context_where_the_spec_is_silent():
    state = build("random_edit", text="query", label="intent", seed=3).state()
    assert (state["text"], state["label"], state["seed"]) == ("query", "intent", 3)
    assert (state["rate"], state["copies"], state["base"]) == (0.1, 1, None)
    assert build({"random_edit": {"seed": 1}}, seed=3).state()["seed"] == 1


def test_it_takes_lists_and_numbers_as_yaml_gives_them():
    step = build({"iqr": {"columns": ["a", "b"], "factor": 3}})
    assert (step.state()["columns"], step.state()["factor"]) == (("a", "b"), 3.0)


def test_it_opens_no_learned_field_to_the_spec():
    open_to_the_spec = {"similarity", "unit", "width", "text", "label", "keep"}
    assert set(parameters(STEPS.load("near_duplicates"))) == open_to_the_spec


BAD_STEPS = {
    "unknown step": ("near_duplicate", "no data step 'near_duplicate'; did you mean 'near_duplicates'?"),
    "unknown parameter": ({"near_duplicates": {"similarty": 0.9}}, "did you mean 'similarity'?"),
    "learned parameter": ({"iqr": {"bounds": []}}, "step 'iqr' has no parameter 'bounds'"),
    "range": (
        {"near_duplicates": {"similarity": 1.5}},
        "near_duplicates.similarity is 1.5; allowed: less than",
    ),
    "kind": ({"zscore": {"limit": "high"}}, "zscore.limit is 'high'; allowed: a valid number"),
    "no list": (
        {"iqr": {"columns": "age"}},
        "iqr.columns is 'age'; allowed: a list of column names; write columns: [age]",
    ),
    "together": (
        {"text_length": {"shortest": 3, "longest": 2}},
        "trimtab.yaml:5: step 'text_length': longest 2 is below shortest 3; swap them",
    ),
    "choice": ({"impute": {"numeric": "medain"}}, "did you mean 'median'?"),
}


@pytest.mark.parametrize("case", BAD_STEPS)
def test_it_explains_a_wrong_step_and_where_it_stands(case):
    step, expected = BAD_STEPS[case]
    with pytest.raises(ConfigError) as caught:
        build(step)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("trimtab.yaml:5: ")


def test_it_explains_all_wrong_parameters_of_a_step_at_once():
    wrong = {"near_duplicates": {"similarty": 0.9, "width": 0, "unit": "word"}}
    with pytest.raises(SpecErrors) as caught:
        build(wrong)
    assert len(str(caught.value).splitlines()) == 3
