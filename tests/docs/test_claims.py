"""What the pages say of kept results is what the kept results say: figures are counted again here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ttest_rel

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results"
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide" / "data.md").read_text(encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def section(page: str, title: str) -> str:
    """The text of a section, in one line."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split())


AUGMENTATION = section(BENCHMARKS, "Text augmentation")
LINEAR = [row for row in kept("augment")["rows"] if row["model"] == "linear"]
RAW = [row for row in kept("augment")["raw"] if row["model"] == "linear"]
METHODS = [row for row in LINEAR if "over_control" in row]
"""The linear model under every method but the controls themselves, on each set and number of rows."""


def outside(what: str) -> tuple[int, int]:
    """How many intervals lie above zero, and below."""
    low, high = zip(*(row[f"{what}_95"] for row in METHODS), strict=True)
    return sum(value > 0 for value in low), sum(value < 0 for value in high)


def scores(like: dict[str, Any], method: str) -> list[float]:
    """The raw scores of a method, seed by seed, on the set and number of rows of another."""
    wanted = {"data": like["data"], "shots": like["shots"], "method": method}
    (raw,) = [one for one in RAW if wanted.items() <= one.items()]
    return [float(score) for score in raw["test"].split(",")]


def p_value(row: dict[str, Any]) -> float:
    """Of the paired t-test against as many verbatim copies."""
    four, one = row["method"].startswith("four"), row["method"] == "back_translation"
    control = "repeat 4" if four else "repeat 1" if one else "repeat 2"
    return float(ttest_rel(scores(row, row["method"]), scores(row, control)).pvalue)


def test_it_counts_the_intervals_of_augmentation_that_leave_zero():
    above, below = outside("over_control")
    number = len(METHODS)
    counted = f"{number} comparisons with its control {above} lie above zero and {below} below"
    assert f"Of the linear model's {counted}" in AUGMENTATION
    assert f"{outside('gain')[0]} of {number} intervals lie above zero" in AUGMENTATION


def test_it_says_what_is_left_when_all_comparisons_are_counted():
    """Holm's step-down test; what validation chooses, `best`, has no raw scores of its own."""
    tests = sorted(
        ((p_value(row), row) for row in METHODS if row["method"] != "best"), key=lambda one: one[0]
    )
    left = []
    for at, (p, row) in enumerate(tests):
        if p > 0.05 / (len(METHODS) - at):
            break
        left.append(row)
    (gained,) = [row for row in left if row["over_control"] > 0]
    low, high = gained["over_control_95"]
    assert (gained["data"], gained["shots"], gained["method"]) == ("banking77", 50, "four")
    assert {row["data"] for row in left} == {"banking77"}
    said = f"({gained['over_control']} points, {low} to {high}), and {len(left) - 1} losses"
    assert said in AUGMENTATION


@pytest.mark.parametrize(
    ("data", "shots", "what"), [("zh_sentiment", 50, "gain"), ("zh_sector", 5, "over_control")]
)
def test_it_gives_the_largest_gains_of_augmentation(data, shots, what):
    best = max((row for row in METHODS if row[f"{what}_95"][0] > 0), key=lambda row: row[what])
    assert (best["data"], best["shots"], best["method"]) == (data, shots, "random_swap")
    low, high = best[f"{what}_95"]
    assert re.search(rf"{best[what]} points[ (,]+{low} to {high}", AUGMENTATION)


def test_no_interval_of_chinese_sentiment_lies_above_its_control():
    assert max(row["over_control_95"][0] for row in METHODS if row["data"] == "zh_sentiment") <= 0
    assert "no interval of Chinese sentiment against the control lies above zero" in AUGMENTATION


def augmented(model: str, data: str, method: str) -> dict[str, Any]:
    """The row at 5 rows a class."""
    wanted = {"model": model, "data": data, "shots": 5, "method": method}
    (row,) = [row for row in kept("augment")["rows"] if wanted.items() <= row.items()]
    return row


@pytest.mark.parametrize(
    ("model", "data", "method", "what", "unit"),
    [
        ("textcnn", "banking77", "random_swap", "relative", "%"),
        ("textcnn", "banking77", "random_swap", "over_control", "points"),
        ("textcnn", "banking77", "back_translation", "relative", "%"),
        ("textcnn", "banking77", "best", "relative", "%"),
        ("textcnn", "banking77", "repeat 1", "relative", "%"),
        ("textcnn", "banking77", "repeat 4", "relative", "%"),
        ("minilm", "banking77", "back_translation", "gain", "points"),
        ("textcnn", "zh_sector", "best", "gain", "points"),
    ],
)
def test_it_gives_what_the_networks_gain_by_augmentation(model, data, method, what, unit):
    row = augmented(model, data, method)
    low, high = row[f"{what}_95"]
    assert f"{row[what]} {unit} ({low} to {high})" in AUGMENTATION


def test_no_model_reaches_the_articles_gain_on_banking77():
    rows = [row for row in kept("augment")["rows"] if row["data"] == "banking77" and row["shots"] == 5]
    assert {row["model"] for row in rows} == {"linear", "minilm frozen", "textcnn", "minilm"}
    assert max(row["relative"] for row in rows if "relative" in row) < 8


def test_it_counts_what_augmentation_does_to_frozen_embeddings():
    ends = [
        row["over_control_95"]
        for row in kept("augment")["rows"]
        if row["model"] == "minilm frozen" and "over_control" in row
    ]
    above, below = sum(low > 0 for low, _ in ends), sum(high < 0 for _, high in ends)
    said = f"of its {len(ends)} comparisons with the control {above} lie above zero and {below} below"
    assert said in AUGMENTATION


def test_the_guide_claims_no_more_of_augmentation():
    said = section(GUIDE, "Text augmentation")
    english = [row for row in METHODS if row["data"] == "banking77"]
    assert max(max(row["gain"], row["over_control"]) for row in english) < 1
    assert "no method gains a linear model a point" in said
    five = {row["method"]: row["macro_f1"] for row in english if row["shots"] == 5}
    scored = (
        f"a macro-F1 of {five['four']} with the copies of four methods, and {five['four, filtered']} when"
    )
    assert scored in said


def test_every_kept_result_stands_on_a_page():
    """A list of rows is a table, or the page names its file."""
    pages = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    for path in (one for one in RESULTS.glob("*.json") if not one.stem.endswith("-quick")):
        tables = {name: of for name, of in kept(path.stem).items() if isinstance(of, list) and name != "raw"}
        parts = [name for name, of in tables.items() if isinstance(of[0], dict)]
        wanted = [path.stem if name == "rows" else f"{path.stem}.{name}" for name in parts]
        missing = [name for name in wanted if f"<!-- table: {name} -->" not in pages]
        assert not missing or f"bench/results/{path.name}" in pages, missing


def test_it_says_what_record_duplicates_and_minilm_do_not_find():
    said = section(BENCHMARKS, "On real sets")
    found = {row["name"]: row for row in kept("duplicates")["real"]}
    records, characters = (found[f"dup_amazon_google/{way}"] for way in ("records", "characters"))
    assert records["f1_high"] < characters["f1_low"]
    assert (
        f"F1 of {records['f1']:.2f}, and the plain cosine of TF-IDF characters {characters['f1']:.2f}" in said
    )
    yes, characters, minilm = (
        found[f"zh_bustm_pairs/{way}"] for way in ("always yes", "characters", "minilm")
    )
    assert minilm["f1"] < yes["f1"]
    assert characters["f1_low"] < yes["f1"] < characters["f1_high"]
    assert f"scores {minilm['f1']:.3f}, less than the {yes['f1']:.3f} of saying yes to every pair" in said
    assert f"characters {characters['f1']:.3f}, with an interval that holds {yes['f1']:.3f}" in said


@pytest.mark.parametrize("name", ["embed", "tfidf characters", "word2vec"])
def test_it_says_what_features_gain_over_tfidf_of_words(name):
    (row,) = [row for row in kept("features")["rows"] if row["name"] == name]
    assert f" {row['over tfidf'].split()[0].removeprefix('-')}" in section(BENCHMARKS, "Features")
