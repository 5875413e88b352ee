import re

import pytest
from pydantic import ValidationError

from trimtab.core.spec import Spec, json_schema

LEAST = {"version": 1, "task": "text-classification", "data": {"train": "train.csv"}, "budget": {}}


def test_it_needs_no_more_than_version_task_data_and_budget():
    spec = Spec.model_validate(LEAST)
    assert [step.name for step in spec.clean] == ["drop_duplicates"]
    assert spec.tune.time == 1200


def test_it_reads_budgets_with_units():
    budget = {"accuracy_drop": "0.5pt", "latency_p99": "15ms", "size": "25MB"}
    spec = Spec.model_validate(LEAST | {"budget": budget})
    assert spec.budget.model_dump() == {"accuracy_drop": 0.005, "latency_p99": 0.015, "size": 25_000_000}


@pytest.mark.parametrize("written", ["near_duplicates", {"near_duplicates": {}}, {"near_duplicates": None}])
def test_it_reads_a_step_by_name_or_with_parameters(written):
    (step,) = Spec.model_validate(LEAST | {"clean": [written]}).clean
    assert (step.name, step.parameters) == ("near_duplicates", {})


def test_it_reads_back_what_it_writes_as_json():
    spec = Spec.model_validate(
        LEAST | {"budget": {"latency_p99": "15ms"}, "clean": [{"near_duplicates": {"similarity": 0.8}}]}
    )
    assert Spec.model_validate_json(spec.model_dump_json()) == spec


def test_it_never_changes_after_reading():
    with pytest.raises(ValidationError, match="frozen"):
        Spec.model_validate(LEAST).seed = 3


def sections(schema):
    yield schema["properties"]
    for definition in schema["$defs"].values():
        yield definition["properties"]


def test_its_schema_describes_every_option():
    for section in sections(json_schema()):
        assert all("description" in option for option in section.values())


def test_its_schema_shows_amounts_as_they_are_written():
    schema = json_schema()
    assert schema["$defs"]["TuneSpec"]["properties"]["time"]["default"] == "20m"
    assert schema["$defs"]["ServeSpec"]["properties"]["max_bytes"]["default"] == "1MB"
    latency = schema["$defs"]["BudgetSpec"]["properties"]["latency_p99"]["anyOf"][0]
    assert latency["examples"] == ["15ms", "20m"]


def test_the_defaults_of_its_schema_are_its_defaults():
    schema, plain = json_schema(), Spec.model_validate(LEAST)
    stated = {name: one["default"] for name, one in schema["properties"].items() if "default" in one}
    for definition, section in (("TuneSpec", "tune"), ("ServeSpec", "serve"), ("DriftSpec", None)):
        options = schema["$defs"][definition]["properties"]
        values = {name: one["default"] for name, one in options.items()}
        stated |= {section: values} if section else {"watch": {"drift": values}}
    assert Spec.model_validate(LEAST | stated) == plain


def test_its_schema_accepts_what_people_write():
    """The design's own example, by the schema alone."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(
        LEAST
        | {
            "clean": ["drop_duplicates", {"near_duplicates": {"similarity": 0.9}}],
            "tune": {"time": "20m"},
            "budget": {"accuracy_drop": "0.5pt", "latency_p99": "15ms", "size": "25MB"},
        },
        json_schema(),
    )


@pytest.mark.parametrize("engine", ["local", "ray", "ray://head:10001", "ray://[::1]:10001"])
def test_it_takes_an_engine_by_name_or_address(engine):
    assert Spec.model_validate(LEAST | {"engine": engine}).engine == engine
    assert re.fullmatch(json_schema()["properties"]["engine"]["pattern"], engine)


@pytest.mark.parametrize(
    "engine", ["", "Local", "spark", "ray://", "ray://head", "ray://a b:1", "ray://h:1/x", None, 3]
)
def test_it_takes_no_other_engine(engine):
    with pytest.raises(ValidationError, match="allowed: 'local', 'ray' or 'ray://HOST:PORT'"):
        Spec.model_validate(LEAST | {"engine": engine})
