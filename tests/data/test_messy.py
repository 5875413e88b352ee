# ruff: noqa: E501, PT017 (strategies stand in lines; a property may end in an answer or an error)
"""Messy frames, through reading and through every step of the registries: a right answer or an error of ours.

Never another exception, never a row that is gone without a reason, and never a null taken for an empty string.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from encoders import small_embed
from rows import same_state
from tiny import tiny_tokens
from translators import rewriting
from trimtab.core.errors import DataError, TrimtabError
from trimtab.core.objects import Batch
from trimtab.core.spec import DataSpec, FormatSpec
from trimtab.core.step import Step, load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.profile import profile
from trimtab.data.read import read, read_rows
from trimtab.data.semantic_duplicates import SemanticDuplicates
from trimtab.features import FEATURES

ODD_TEXTS = ["", " ", "NaN", "null", "NA", "-", "0", "007", "1e400", "\x00", "\ufeff", "\u202e", "e\u0301", "卡", "😀", "a\r\nb", '"', "''", ",", "\\N", "true", "2024-02-30", "=1+1"]  # fmt: skip
ODD_NUMBERS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 1.5, 2.0**53]
texts = st.one_of(st.none(), st.sampled_from(ODD_TEXTS), st.text(max_size=8))
numbers = st.one_of(st.none(), st.sampled_from(ODD_NUMBERS), st.floats(), st.integers(-5, 5).map(float))
whole = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
names = st.lists(st.one_of(st.sampled_from(["", " ", "a", "A", "text", "卡", "a,b", 'q"', "\n", "0"]), st.text(max_size=4)), min_size=1, max_size=5, unique=True)  # fmt: skip
surrogates = st.text(st.characters(categories=["Cs", "Lu"]), min_size=1, max_size=4)


@st.composite
def frames(draw) -> pl.DataFrame:
    """Text, label and columns of every type, in which values are missing, extreme or odd."""
    rows = draw(st.integers(0, 12))

    def column(values, kind):
        return pl.Series(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=kind)

    columns = {
        "text": column(texts, pl.String),
        "label": column(st.one_of(st.none(), st.sampled_from(["a", "b", ""])), pl.String),
        "amount": column(numbers, pl.Float64),
        "whole": column(whole, pl.Int64),
        "yes": column(st.one_of(st.none(), st.booleans()), pl.Boolean),
        "day": column(st.one_of(st.none(), st.dates()), pl.Date),
        "nothing": column(st.none(), pl.Null),
        "kind": column(texts, pl.String),
    }
    kept = draw(st.sets(st.sampled_from([name for name in columns if name not in ("text", "label")])))
    return pl.DataFrame(
        {name: values for name, values in columns.items() if name in ("text", "label") or name in kept}
    )


def written(tmp_path_factory, content: bytes, name: str = "t.csv"):
    path = tmp_path_factory.mktemp("messy") / name
    path.write_bytes(content)
    return path


def accounted(batch: Batch, total: int) -> None:
    """Every row is there, or dropped with a reason."""
    assert sorted([*batch.ids.tolist(), *(drop.id for drop in batch.dropped)]) == list(range(total))
    assert all(drop.reason for drop in batch.dropped)


def same(left: pl.DataFrame, right: pl.DataFrame) -> bool:
    """Equal rows; NaN equals NaN."""
    return left.equals(right, null_equal=True)


# reading


@given(frames(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["necessary", "always", "non_numeric"]), st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_a_csv_that_polars_wrote_comes_back_as_it_was(tmp_path_factory, frame, separator, quotes, end):
    frame = frame.drop("nothing", strict=False)
    kinds = {
        "text": "text",
        "label": "text",
        "kind": "text",
        "amount": "float",
        "whole": "int",
        "yes": "bool",
        "day": "date",
    }
    held = frame.write_csv(separator=separator, quote_style=quotes, line_terminator=end).encode()
    form = FormatSpec(separator=separator, types={name: kinds[name] for name in frame.columns})
    if frame.height == 0:
        with pytest.raises(DataError, match="the file has no rows"):
            read_rows(written(tmp_path_factory, held), form)
        return
    if quotes == "always":  # a null is then written as an empty string: nobody can tell them apart
        frame = frame.with_columns(pl.col(pl.String).fill_null(""))
    got = read_rows(written(tmp_path_factory, held), form)
    accounted(got, frame.height)
    assert same(got.columns, frame)


@given(st.binary(max_size=200), st.sampled_from([0.0, 0.9]), st.sampled_from(["utf-8", "gb18030", "latin-1", "utf-16"]), st.sampled_from(["csv", "tsv", "jsonl", "ts", "parquet", "arrow", "csv.gz"]))  # fmt: skip
@settings(max_examples=300)
def test_bytes_of_any_kind_are_read_or_refused(tmp_path_factory, held, bad_rows, encoding, suffix):
    path = written(tmp_path_factory, held, f"t.{suffix}")
    try:
        got = read_rows(path, FormatSpec(encoding=encoding, bad_rows=bad_rows))
    except TrimtabError as error:
        assert "\n" not in str(error)
    else:
        accounted(got, len(got) + len(got.dropped))


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab,"\n\r;卡 '), max_size=4), min_size=1, max_size=4),
        min_size=1,
        max_size=8,
    )
)
def test_ragged_rows_are_kept_aside_and_no_other(tmp_path_factory, rows):
    held = io.StringIO()
    csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x", "y"], *rows])
    good = [tuple(row) for row in rows if len(row) == 2]
    try:
        got = read_rows(
            written(tmp_path_factory, held.getvalue().encode()),
            FormatSpec(bad_rows=0.99, types={"x": "text", "y": "text"}),
        )
    except DataError as error:
        assert not good
        assert "rows cannot be read" in str(error)
        return
    accounted(got, len(rows))
    assert got.columns.rows() == good


@given(names)
def test_names_of_columns_come_back_or_are_told_to_be_equal(tmp_path_factory, given_names):
    held = io.StringIO()
    csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [given_names, ["x"] * len(given_names)]
    )
    try:
        got = read_rows(written(tmp_path_factory, held.getvalue().encode("utf-8", "surrogatepass")))
    except DataError as error:
        if "the header holds numbers only" in str(error):
            assert any(map(str.isdecimal, "".join(given_names)))
        else:
            assert "the file is empty" in str(error) or "not UTF-8" in str(error)
        return
    assert got.columns.columns == given_names


@given(names.flatmap(lambda known: st.tuples(st.just(known), st.sampled_from(known))))
def test_two_columns_of_one_name_are_refused(tmp_path_factory, given_names):
    known, twice = given_names
    held = io.StringIO()
    csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [[*known, twice], ["x"] * (len(known) + 1)]
    )
    with pytest.raises(DataError):
        read_rows(written(tmp_path_factory, held.getvalue().encode("utf-8", "surrogatepass")))
    with pytest.raises(DataError):
        read_rows(pd.DataFrame([["x"] * (len(known) + 1)], columns=[*known, twice]))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), texts, surrogates, st.integers(), st.booleans(), st.lists(st.integers(), max_size=2))), min_size=1, max_size=6))  # fmt: skip
def test_json_lines_of_mixed_kinds_are_read_or_refused(tmp_path_factory, rows):
    held = "\n".join(json.dumps(row) for row in rows).encode()
    try:
        got = read_rows(written(tmp_path_factory, held, "t.jsonl"), FormatSpec(bad_rows=0.99))
    except TrimtabError as error:
        assert "\n" not in str(error)
        return
    accounted(got, len(rows))
    for row, number in zip(got.columns.iter_rows(named=True), got.ids.tolist(), strict=True):
        for name, value in rows[number].items():
            if isinstance(value, str):
                assert row[name] == value
            if value is None:
                assert row[name] is None


@given(
    st.lists(
        st.one_of(st.none(), texts, surrogates, st.integers(), numbers, st.booleans(), st.dates()), max_size=5
    )
)
def test_columns_of_pandas_that_mix_kinds_are_taken_or_refused(values):
    try:
        got = read_rows(pd.DataFrame({"a": pd.Series(values, dtype=object)}))
    except TrimtabError as error:
        assert "\n" not in str(error)
        return
    accounted(got, len(values))
    for value, found in zip(values, got["a"], strict=True):
        if isinstance(value, str):
            assert found == value
        if value is None:
            assert found is None


def test_ten_thousand_columns_are_read(tmp_path):
    wide = pl.DataFrame({f"c{at}": [at, None] for at in range(10_000)})
    for suffix, write in (
        ("csv", wide.write_csv),
        ("jsonl", wide.write_ndjson),
        ("parquet", wide.write_parquet),
    ):
        write(tmp_path / f"t.{suffix}")
        assert read_rows(tmp_path / f"t.{suffix}").columns.equals(wide)


@given(frames())
def test_the_chain_s_reader_drops_only_what_has_no_text_or_label(tmp_path_factory, frame):
    path = tmp_path_factory.mktemp("messy") / "t.parquet"
    frame.write_parquet(path)
    kept = [bool(text and text.strip() and label) for text, label in frame.select("text", "label").rows()]
    usable = frame.filter(pl.Series(kept, dtype=pl.Boolean))
    try:
        got = read(path, DataSpec(train="t.parquet"), "")
    except DataError as error:
        assert usable.height == 0
        assert "rows" in str(error) or "no row has" in str(error)
        return
    accounted(got, frame.height)
    assert same(got.columns, usable)


@given(frames(), frames())
def test_every_frame_has_a_profile(frame, other):
    rows, test = (Batch(one, np.arange(one.height), modality="tabular") for one in (frame, other))
    json.dumps(profile(rows, test), allow_nan=False)


# every step of the registries


SOON = [phase for phase in Phase if phase is not Phase.explain]
NEEDS = {
    "tokens": tiny_tokens,
    "embed": small_embed,
    "back_translation": rewriting,
    "semantic_duplicates": lambda: SemanticDuplicates(encoder=small_embed().encoder),
}


def kind_of(name: str) -> type[Step]:
    return (STEPS if name in STEPS else FEATURES).load(name)


def step_of(name: str) -> Step:
    return NEEDS[name]() if name in NEEDS else kind_of(name)()


def modalities(name: str) -> list[str]:
    return sorted({"text", "tabular"} & kind_of(name).accepts)


STEP_BY_MODALITY = [(name, kind) for name in (*STEPS, *FEATURES) for kind in modalities(name)]


def check_step(step: Step, batch: Batch) -> None:
    before = batch.columns.clone()
    try:
        learned = step.learn(batch)
        after = learned(batch)
    except TrimtabError as error:
        assert "\n" not in str(error)
        return
    with TemporaryDirectory() as folder:
        save_steps([learned], Path(folder))
        (again,) = load_steps(Path(folder), STEPS, FEATURES)
    assert same_state(again, learned)
    old = [row for row in after.ids.tolist() if row in set(batch.ids.tolist())]
    assert sorted([*old, *(drop.id for drop in after.dropped)]) == sorted(batch.ids.tolist())
    assert len(old) == len(after) or step.adds_rows
    assert after.columns.height == len(after.ids)
    assert same(batch.columns, before)
    for name in ("text", "label"):  # what may be made up is neither
        if step.train_only and not step.adds_rows and name in after.columns.columns:
            kept = before.filter(np.isin(batch.ids, after.ids))
            assert (after.columns[name].is_null() == kept[name].is_null()).all()


@pytest.mark.parametrize(("name", "modality"), STEP_BY_MODALITY)
@settings(max_examples=25, phases=SOON)
@given(frame=frames())
def test_a_step_ends_in_a_right_answer_or_an_error_of_ours(name, modality, frame):
    check_step(step_of(name), Batch(frame, np.arange(frame.height) * 3 + 1, modality))


WIDE = pl.DataFrame(
    {"text": ["a b", "c d"], "label": ["a", "b"]} | {f"c{at}": [float(at), None] for at in range(2_000)}
)
ODD = {
    "one column": pl.DataFrame({"text": ["", None, "a", "a"]}),
    "no text": pl.DataFrame({"label": ["a", "b"], "n": [1.0, None]}),
    "only nulls": pl.DataFrame({"text": [None, None], "label": [None, None]}),
    "infinite": pl.DataFrame({"text": ["a"] * 6, "label": ["a"] * 6, "n": [math.inf, -math.inf, math.nan, 0.0, 1.0, None]}),
    "largest": pl.DataFrame({"text": ["a"] * 4, "label": ["a"] * 4, "n": [1e308, -1e308, 1.7e308, -1.7e308]}),
    "nested": pl.DataFrame({"text": ["a", "b"], "label": ["a", "b"], "l": [[1], None], "s": [{"x": 1}, None], "b": [b"", None]}),
    "categories": pl.DataFrame({"text": ["a", "b", None], "label": ["a", "b", "a"], "k": pl.Series(["x", "", None], dtype=pl.Categorical)}),
    "decimals": pl.DataFrame({"text": ["a", "b"], "label": ["a", "b"], "d": pl.Series(["1.50", None]).cast(pl.Decimal(10, 2)), "u": pl.Series([2**63, None], dtype=pl.UInt64)}),
    "names of our own": pl.DataFrame({"text": ["a b", "c"] * 3, "label": ["a", "b"] * 3} | {name: ["x", "y", "x", None, "", "z"] for name in ("count", "value", "id", "#")} | {name: [1, 2, 2, None, 5, 6] for name in ("rows", "len", "row", "index")}),
    "wide": WIDE,
}  # fmt: skip


@pytest.mark.parametrize("frame", ODD)
@pytest.mark.parametrize(("name", "modality"), STEP_BY_MODALITY)
def test_a_step_survives_an_odd_frame(name, modality, frame):
    check_step(step_of(name), Batch(ODD[frame], np.arange(ODD[frame].height), modality))


LABELLED = pl.DataFrame(
    {"text": [f"word {at % 5}" for at in range(12)], "label": ["a", "b", "a"] * 4, "n": [*range(11), None]}
)


@pytest.mark.parametrize("label", ["count", "rows", "value", "id"])
@pytest.mark.parametrize(
    ("name", "modality"), [(name, kind) for name, kind in STEP_BY_MODALITY if hasattr(kind_of(name), "label")]
)
def test_a_step_does_the_same_whatever_the_label_is_called(name, modality, label):
    given = Batch(LABELLED, np.arange(12), modality)
    renamed = replace(given, columns=LABELLED.rename({"label": label}))
    step = step_of(name)
    after = step.learn(given)(given)
    other = replace(step, label=label)
    found = other.learn(renamed)(renamed)
    assert found.ids.tolist() == after.ids.tolist()
    assert same(found.columns.rename({label: "label"}), after.columns)


@pytest.mark.parametrize("name", [name for name, kind in STEP_BY_MODALITY if kind == "tabular"])
def test_a_step_serves_rows_that_lack_columns_it_learnt_of(name):
    learned = pl.DataFrame({"text": ["a", "b"] * 6, "label": ["a", "b"] * 6, "n": [1.0, None] * 6})
    try:
        step = step_of(name).learn(Batch(learned, np.arange(12), "tabular"))
        request = Batch(learned.select("text").head(2), np.arange(2), "tabular")
        assert len(step(replace(request))) <= 2
    except TrimtabError as error:
        assert "\n" not in str(error)
