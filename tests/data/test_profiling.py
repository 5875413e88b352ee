# ruff: noqa: E501 (rows stand in lines)
"""The profile: every number against one counted by hand or by the reference library."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy.stats import chi2_contingency, ks_2samp

from rows import CHINESE, ENGLISH, batch_of, curves_of, images_of, series_of, tabular_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.profile import profile
from trimtab.data.profile_columns import column, role_of
from trimtab.data.profile_drift import drift
from trimtab.data.read import read_rows

SHARED = Path("../shared/data")
SAMPLES = {
    "english": batch_of(ENGLISH),
    "chinese": batch_of(CHINESE),
    "no text": batch_of([]),
    "one text": batch_of(["Where is my card"]),
    "table": tabular_of(40),
    "no record": tabular_of(0),
    "series": series_of(60),
    "curves": curves_of(12),
    "images": images_of(6),
    "one image": images_of(1),
}


def table(**columns: object) -> Batch:
    frame = pl.DataFrame(columns)
    return Batch(frame, np.arange(frame.height), modality="tabular")


def named(found, name):
    return next(one for one in found["columns"] if one["name"] == name)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("compared", [False, True], ids=["alone", "compared"])
def test_it_is_json_for_every_modality(name, compared):
    batch = SAMPLES[name]
    found = profile(batch, batch if compared else None)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [one["name"] for one in found["columns"]] == batch.columns.columns


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (pl.Series([1, 2]), "number"),
        (pl.Series(["My card has not arrived yet"] * 3 + [f"Where is my card, number {at}" for at in range(99)]), "text"),
        (pl.Series([f"我的卡还没有到{at}" for at in range(99)]), "text"),
        (pl.Series(["new", "old", None] * 9), "category"),
        (pl.Series([f"id-{at}" for at in range(99)]), "identifier"),
        (pl.Series([None, None], dtype=pl.String), "empty"),
        (pl.Series([True]), "boolean"),
        (pl.Series([[1.0]]), "list"),
        (pl.Series([b"x"]), "picture"),
    ],
)  # fmt: skip
def test_it_tells_what_a_column_holds(values, role):
    assert role_of(values) == role


def test_missing_empty_and_distinct_values_are_counted_apart():
    found = column(pl.Series("a", ["", "x", None, "", "y"]), "category")
    assert (found["missing"], found["empty"], found["distinct"]) == (1, 2, 3)
    found = column(pl.Series("n", [1.0, float("nan"), None, float("inf")]), "number")
    assert (found["missing"], found["numbers"]["infinite"], found["numbers"]["max"]) == (2, 1, 1.0)


def test_outliers_are_those_of_tukey_and_of_three_deviations():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 1000), [40.0, -40.0]])
    found = column(pl.Series("n", values), "number")["numbers"]
    first, third = np.quantile(values, [0.25, 0.75])
    fenced = (values < first - 1.5 * (third - first)) | (values > third + 1.5 * (third - first))
    assert found["outliers"] == {
        "iqr": int(fenced.sum()),
        "z": int((np.abs(values - values.mean()) > 3 * values.std()).sum()),
    }
    assert sum(found["histogram"]["rows"]) == len(values)
    assert found["p50"] == pytest.approx(np.median(values))


def test_copies_conflicts_and_near_copies_are_counted():
    texts = ["Where is my card, it was sent two weeks ago"] * 3 + [
        "How do I top up",
        "Where is my card, it was sent two weeks ago!",
    ]
    found = profile(batch_of(texts, ["a", "a", "b", "a", "a"]), text="text", label="label")["duplicates"]
    assert found["text"]["rows"] == 2
    assert found["near"]["rows"] == 3
    rows = table(x=[1, 1, 1, 2], label=["a", "a", "b", "a"])
    found = profile(rows, label="label")["duplicates"]
    assert (found["rows"], found["conflicting"]) == (1, 3)


def test_leakage_between_data_and_test_is_found():
    found = profile(
        batch_of(["Where is my card", "top up"]), batch_of(["where is  my card", "other"]), "text", "label"
    )
    assert found["leakage"]["texts"]["exact"] == 1
    assert profile(table(x=[1, 2]), table(x=[2, 3, 2]))["leakage"]["rows"] == 2


def test_labels_are_counted_and_doubtful_ones_named():
    texts = [
        "Where is my card, it was sent two weeks ago",
        "Where is my card? It was sent two weeks ago",
        "top up",
    ]
    found = profile(batch_of(texts, ["a", "b", "a"]), text="text", label="label")
    assert found["labels"]["counts"] == [{"label": "a", "rows": 2}, {"label": "b", "rows": 1}]
    doubt = found["suspicious"]  # the classes are too small to be learned from
    assert (doubt["method"], doubt["rows"], doubt["of"]) == ("twins under another label", 2, 3)
    assert "row 3 (a) is nearly the same" in doubt["first"][0]["why"]


def far_apart(label_of=str, wrong=(7, 30)) -> Batch:
    """60 rows in two groups that one column tells, the labels of two rows exchanged."""
    rng = np.random.default_rng(0)
    true = [at % 2 for at in range(60)]
    given = [1 - kind if at in wrong else kind for at, kind in enumerate(true)]
    return table(n=[10.0 * kind + rng.normal() for kind in true], label=[label_of(kind) for kind in given])


@pytest.mark.parametrize("label_of", [str, int, float, bool], ids=["text", "int", "float", "bool"])
def test_classes_are_counted_and_doubted_however_their_labels_are_written(label_of):
    found = profile(far_apart(label_of), label="label")
    assert [one["rows"] for one in found["labels"]["counts"]] == [30, 30]
    assert {one["row"] for one in found["suspicious"]["first"]} == {7, 30}
    assert found["suspicious"]["of"] == 60
    assert found["suspicious"]["first"][0]["text"].startswith("n: ")
    assert "2 rows of 60 have a doubtful label (confident learning)" in [
        one["said"] for one in found["findings"]
    ]


def test_a_label_with_fractions_or_of_many_values_is_a_quantity_and_the_profile_says_so():
    for values in (np.random.default_rng(0).normal(size=300), np.arange(300)):
        found = profile(table(x=list(range(300)), target=values.tolist()), label="target")
        assert (found["labels"], found["suspicious"]) == (None, None)
        said = "the label target holds numbers and is taken as a quantity: no classes are counted"
        assert said in [one["said"] for one in found["findings"]]


def test_pictures_with_a_wrong_label_are_doubted():
    dark, light = images_of_shades(30, 20), images_of_shades(30, 235)
    rows = {"image": [*dark, *light], "file": [f"{at}.png" for at in range(60)]}
    label = ["light" if at == 3 else "dark" for at in range(30)] + ["light"] * 30
    found = profile(
        Batch(pl.DataFrame({**rows, "label": label}), np.arange(60), modality="image"), label="label"
    )
    assert [one["row"] for one in found["suspicious"]["first"]] == [3]
    assert found["suspicious"]["first"][0]["text"] == "file: 3.png"


def images_of_shades(rows: int, shade: int) -> list[bytes]:
    """Noisy pictures of 16 x 16 pixels around a shade of grey, as PNG."""
    rng = np.random.default_rng(shade)
    pictures = []
    for _ in range(rows):
        held = BytesIO()
        pixels = np.clip(rng.normal(shade, 12, (16, 16, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(held, "PNG")
        pictures.append(held.getvalue())
    return pictures


def test_it_says_why_no_label_could_be_judged():
    few = profile(table(n=[1, 2, 3], label=["a", "b", "a"]), label="label")["suspicious"]
    assert (few["rows"], few["of"], few["why"]) == (0, 0, "no two classes have 5 rows with content")
    curves = profile(curves_of(20), label="label")["suspicious"]
    assert curves["why"] == "there is no way yet to judge the labels of series"


def test_classes_too_small_to_judge_are_not_counted_as_judged():
    batch = far_apart(wrong=())
    rare = batch.with_columns(label=["rare" if at < 3 else value for at, value in enumerate(batch["label"])])
    assert profile(rare, label="label")["suspicious"]["of"] == 57


def test_of_a_table_with_many_classes_fewer_rows_are_judged(monkeypatch):
    monkeypatch.setattr("trimtab.data.profile_labels.PATIENCE", 80)
    assert profile(far_apart(), label="label")["suspicious"]["of"] == 40


def test_exact_copies_of_a_text_are_counted_among_all_rows_and_near_ones_in_a_sample(monkeypatch):
    texts = [f"Where is my card number {at % 150}, it was sent weeks ago" for at in range(400)]
    whole = profile(batch_of(texts), text="text", label="label")
    monkeypatch.setattr("trimtab.data.profile.SAMPLE", 100)
    found = profile(batch_of(texts), text="text", label="label")
    assert found["duplicates"]["text"] == whole["duplicates"]["text"]
    assert (found["duplicates"]["text"]["rows"], found["duplicates"]["text"]["of"]) == (250, 400)
    near = found["duplicates"]["near"]
    assert near["of"] == 100
    assert f"{near['more']} rows more among the 100 looked at" in " ".join(
        one["said"] for one in found["findings"]
    )


def test_rows_are_compared_across_types_where_they_can_be_and_else_said_not_to_be():
    train = table(a=[1, 2, 3], b=[None, None, None], c=["x", "y", "z"])
    wider = table(a=[1.0, 2.5, 3.0], b=["k", None, None], c=["x", "y", "z"])
    assert (
        profile(train, wider)["leakage"]["rows"] == 1
    )  # the last; the first has another b, the second another a
    other = table(a=["1", "2", "?"], b=[None, None, None], c=["x", "y", "z"])
    found = profile(train, other)
    assert found["leakage"]["rows"] is None
    assert found["leakage"]["unlike"] == [{"column": "a", "data": "Int64", "test": "String"}]
    said = "whole rows cannot be compared with test, for types differ: a (Int64, in test String)"
    assert said in [one["said"] for one in found["findings"]]


def test_columns_may_be_called_as_the_profile_calls_its_own():
    rows = table(count=["a", "b", "a", None] * 9, rows=["x", "y", "x", "x"] * 9)
    found = profile(rows, rows, label="count")
    assert found["labels"]["counts"] == [{"label": "a", "rows": 18}, {"label": "b", "rows": 9}]
    assert {one["column"] for one in found["drift"]["columns"]} == {"count", "rows"}


def test_drift_is_that_of_the_reference_library_with_one_error_rate():
    rng = np.random.default_rng(0)
    old = {"n": rng.normal(0, 1, 500), "k": rng.choice(["a", "b", "c"], 500), "same": rng.normal(0, 1, 500)}
    new = {"n": rng.normal(1, 1, 400), "k": rng.choice(["a", "b"], 400), "same": rng.normal(0, 1, 400)}
    train, test = table(**old), table(**new)
    found = {
        one["column"]: one
        for one in drift(train, test, {"n": "number", "k": "category", "same": "number"})["columns"]
    }
    assert found["n"]["p"] == pytest.approx(ks_2samp(old["n"], new["n"], method="asymp").pvalue)
    counts = [[(np.asarray(part["k"]) == value).sum() for value in "abc"] for part in (old, new)]
    assert found["k"]["p"] == pytest.approx(chi2_contingency(counts, correction=False).pvalue)
    assert [found[name]["drifted"] for name in ("n", "k", "same")] == [True, True, False]
    assert found["n"]["adjusted"] >= found["n"]["p"]


def test_false_alarms_over_many_columns_keep_to_the_stated_rate():
    """40 sets of 20 columns without drift: any flag is false, so at most 5 % of the sets may have one.

    Of 40 sets at a true rate of 5 %, more than 7 have chance 0.4 % (binomial).
    """
    rng = np.random.default_rng(1)
    names = [f"c{at}" for at in range(20)]
    roles = dict.fromkeys(names, "number")
    alarms = 0
    for _ in range(40):
        parts = [table(**{name: rng.normal(size=200) for name in names}) for _ in range(2)]
        alarms += any(one["drifted"] for one in drift(*parts, roles)["columns"])
    assert alarms <= 7


def test_a_difference_in_missing_values_alone_is_drift():
    old = table(n=[None if at % 2 else 1.0 for at in range(400)])
    new = table(n=[1.0] * 400)
    (flagged,) = [one for one in drift(old, new, {"n": "number"})["columns"] if one["drifted"]]
    assert flagged["what"] == "share missing"


def test_a_column_that_is_not_there_is_an_error_with_the_nearest_one():
    with pytest.raises(DataError, match="profile: no column 'txt'; did you mean 'text'"):
        profile(batch_of(ENGLISH), text="txt")


def test_nothing_wrong_is_said_of_clean_rows():
    rng = np.random.default_rng(0)
    rows = table(n=rng.uniform(size=100), label=["a", "b"] * 50)
    assert profile(rows)["findings"] == []


def test_rows_set_aside_in_reading_stand_in_the_profile(tmp_path):
    from trimtab.core.spec import FormatSpec

    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n5,6\n")
    found = profile(read_rows(tmp_path / "t.csv", FormatSpec(bad_rows=0.5)))
    assert found["unreadable"]["reasons"] == [{"reason": "the row has 1 field, the header has 2", "rows": 1}]
    assert found["findings"][0]["said"] == "1 row could not be read and was kept aside"


@pytest.mark.slow
def test_banking77_is_profiled_with_its_known_leaks():
    if not (SHARED / "en_banking77").exists():
        pytest.skip(f"{SHARED / 'en_banking77'} is not here")
    train, test = (read_rows(SHARED / "en_banking77" / f"{name}.csv") for name in ("train", "test"))
    found = profile(train, test)
    assert (found["text"], found["label"], found["labels"]["classes"]) == ("text", "category", 77)
    assert found["leakage"]["texts"]["exact"] == 7
