"""Reading: every row of a file is kept, or dropped with its reason; what is wrong is named by line."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
from trimtab.core.spec import DataSpec
from trimtab.data.csv_scan import scan
from trimtab.data.read import place_of, read

SPEC = DataSpec(train="train.csv", text="text", label="label")
BAD_FILES = {
    "row too short": ("t.csv", b"text,label\na,b\nc\n", "t.csv:3: the row has 1 field, the header has 2"),
    "row too long": (
        "t.csv",
        b'text,label\n"a\nb",c\nd,e,f\n',
        "t.csv:4: the row has 3 fields, the header has 2",
    ),
    "several ragged rows": (
        "t.csv",
        b"text,label\na\nb\n",
        "(2 of 2 rows cannot be read, data.bad_rows allows 0.00 %)",
    ),
    "open quote": ("t.csv", b'text,label\na,b\n"c,d\n', "t.csv:3: a quote opens here and is never closed"),
    "stray quote": ("t.csv", b'text,label\na "b" c,d\n', "t.csv:2: a quote stands in the middle of a field"),
    "text after quote": (
        "t.csv",
        b'text,label\n"a"b,c\n',
        "t.csv:2: a quote stands in the middle of a field",
    ),
    "wrong column": ("t.csv", b"txt,label\na,b\n", "t.csv:1: no column 'text'; did you mean 'txt'?"),
    "wrong label column": ("t.csv", b"text,labels\na,b\n", "no column 'label'; did you mean 'labels'?"),
    "empty": ("t.csv", b"", "the file is empty"),
    "blank": ("t.csv", b"\n\n", "the file is empty"),
    "header only": ("t.csv", b"text,label\n", "the file has no rows"),
    "nothing usable": ("t.csv", b"text,label\n,b\na,\n", "no row has both a text and a label"),
    "not UTF-8": ("t.csv", b"text,label\na,b\n\xff\xfe,c\n", "t.csv:3: not UTF-8 text"),
    "kind": ("t.xlsx", b"x", "'t.xlsx' is no known kind of file; give one of .csv"),
    "not JSON": ("t.jsonl", b'{"text":"a","label":"b"}\n\n{"text":\n', "t.jsonl:3: not JSON"),
    "no object": ("t.jsonl", b'{"text":"a","label":"b"}\n[1]\n', "t.jsonl:2: the line is no JSON object"),
    "nested": ("t.jsonl", b'{"text":["a"],"label":"b"}\n', "column 'text' holds List(String), not text"),
    "not Parquet": ("t.parquet", b"text,label", "cannot be read"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_it_says_in_one_line_what_is_wrong_and_where(case, tmp_path):
    name, content, expected = BAD_FILES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name, SPEC, "trimtab.yaml:4")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_names_the_spec_line_and_the_nearest_file_when_there_is_none(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,b\n")
    with pytest.raises(
        DataError, match=r"trimtab.yaml:4: no such file: .*trian.csv; did you mean 'train.csv'"
    ):
        read(tmp_path / "trian.csv", SPEC, "trimtab.yaml:4")


def test_it_drops_rows_without_text_or_label_and_names_their_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        'text,label,n\n"two\nlines",a,1\n,b,2\n"",b,3\n\nx,,4\ny,"",5\n,,6\n" \u3000",a,7\n', encoding="utf-8"
    )
    batch = read(path, SPEC, "")
    assert batch["text"].to_list() == ["two\nlines"]
    assert batch.ids.tolist() == [0]
    assert [(drop.id, drop.reason) for drop in batch.dropped] == [
        (1, "text is missing at line 4"),
        (5, "text is missing at line 9"),
        (2, "text is blank at line 5"),
        (6, "text is blank at line 10"),
        (3, "label is missing at line 7"),
        (4, "label is an empty string at line 8"),
    ]
    assert place_of(path, 3, SPEC) == f"{path}:7"


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\r\na,1\r\nb,02\r\n",
        b"\xef\xbb\xbftext,label\na,1\nb,02",
        b'\n"text","label"\n"a",1\n\nb,02\n\n',
    ],
    ids=["CRLF", "byte order mark", "blank lines"],
)
def test_it_reads_the_dialects_that_programs_write(content, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    batch = read(path, SPEC, "")
    assert batch.columns.rows() == [("a", "1"), ("b", "02")]
    assert batch.dropped == ()


def test_it_reads_the_same_rows_from_every_kind_of_file(tmp_path):
    frame = pl.DataFrame({"text": ["a", "卡", None, ""], "label": [1, 2, 3, 4], "n": [1.5, None, 2.0, 3.0]})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_csv(tmp_path / "t.tsv", separator="\t")
    frame.write_ndjson(tmp_path / "t.jsonl")
    frame.write_parquet(tmp_path / "t.parquet")
    batches = [read(tmp_path / f"t.{kind}", SPEC, "") for kind in ("csv", "tsv", "jsonl", "parquet")]
    for batch in batches:
        assert batch.columns.rows() == [("a", "1", 1.5), ("卡", "2", None)]
        assert batch.ids.tolist() == [0, 1]
        assert [(drop.id, drop.reason.split(" at ")[0]) for drop in batch.dropped] == [
            (2, "text is missing"),
            (3, "text is blank"),
        ]
    assert place_of(tmp_path / "t.parquet", 2, SPEC) == f"{tmp_path / 't.parquet'} row 2"


field = st.text(st.sampled_from('ab ",\n卡'), max_size=6)


@given(st.lists(st.tuples(field, field), min_size=1, max_size=20))
def test_it_finds_each_record_and_its_line_in_any_well_formed_file(tmp_path_factory, rows):
    rows = [*rows, ("last", "kept")]
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row] for row in rows]
    text = "text,label\n" + "".join(",".join(row) + "\n" for row in quoted)
    records = scan(text.encode(), ",", "t.csv")
    lines, at = [1], 2
    for row in rows:
        lines.append(at)
        at += 1 + sum(value.count("\n") for value in row)
    assert records.lines.tolist() == lines
    path = tmp_path_factory.mktemp("read") / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    batch = read(path, SPEC, "")
    assert batch.columns.rows() == [row for row in rows if row[0].strip() and row[1]]
    assert len(batch) + len(batch.dropped) == len(rows)


def test_it_keeps_json_null_and_empty_string_apart(tmp_path):
    lines = [
        {"text": "", "label": "a"},
        {"text": None, "label": "a"},
        {"label": "a"},
        {"text": "b", "label": "a"},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    batch = read(tmp_path / "t.jsonl", SPEC, "")
    assert batch["text"].to_list() == ["b"]
    assert [drop.reason for drop in batch.dropped] == [
        "text is missing at line 2",
        "text is missing at line 3",
        "text is blank at line 1",
    ]
