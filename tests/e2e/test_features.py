"""A run with feature steps that no model family reads: kept outside of the bundle, and told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parts.projects import small_project
from trimtab import load, run
from trimtab.core.splits import load_splits
from trimtab.data import STEPS
from trimtab.features import FEATURES

pytestmark = pytest.mark.slow
SELECT = {"select_correlation": {"column": "tfidf", "into": "few", "keep": 20, "resamples": 10}}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    small_project(folder, features=["tokens", {"tfidf": {"min_df": 2}}, SELECT], compress=["fp32"])
    return run(folder / "trimtab.yaml")


def test_the_columns_and_steps_lie_in_the_folder_of_the_stage(result):
    rows = load_splits(Path(result.data["folders"]["features"]), STEPS, FEATURES)
    assert {"tokens", "tfidf", "few"} <= set(rows.test.columns.columns)
    assert [step.name for step in rows.steps][-3:] == ["tokens", "tfidf", "select_correlation"]


def test_the_bundle_holds_what_a_served_model_reads_and_nothing_more(result):
    steps = [one["step"] for one in json.loads((result.bundle / "steps.json").read_text())]
    assert steps == ["impute", "tokens"]
    assert load(result.bundle).predict(["i want to activate my card"])


def test_the_report_names_them_and_draws_the_selection(result):
    page = result.report.read_text(encoding="utf-8")
    assert page.count("no family: kept for use outside") == 2
    assert result.data["folders"]["features"].rsplit("/", 1)[1] in page
    (spec,) = re.findall(r'data-picture="selection-2-picture">(.*?)</script>', page)
    drawn = json.loads(spec)
    (rows,) = drawn["datasets"].values() if "datasets" in drawn else [drawn["data"]["values"]]
    assert len([row for row in rows if row["standing"] == "kept"]) == 20
    assert all(re.fullmatch(r"[\w ]+", row["feature"]) for row in rows)  # words, not places in a column
    assert re.search(r"It keeps 20 of [\d,]+ features; stability 0\.\d\d \[", page)
