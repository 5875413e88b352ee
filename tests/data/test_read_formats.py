# ruff: noqa: E501 (files stand in rows)
"""Every way in which rows are written: dialects, encodings, types, folders, frames, addresses."""

from __future__ import annotations

import codecs
import gzip
import json
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from rows import images_of
from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.core.spec import DataSpec, FormatSpec
from trimtab.data import READERS
from trimtab.data.clean_file import clean_file
from trimtab.data.read import place_of, read, read_rows
from trimtab.data.read_batches import read_batches

SHARED = Path("../shared/data")


def needs(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is not here")
    return SHARED / name


def written(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("gb18030", b""),
        ("gb18030", b"\x84\x31\x95\x33"),
        ("utf-16", b""),
        ("utf-16-le", b""),
        ("utf-8", codecs.BOM_UTF16_LE),
    ],
    ids=["UTF-8", "UTF-8 mark", "GB18030", "GB18030 mark", "UTF-16 mark", "UTF-16", "mark beats option"],
)
def test_it_reads_an_encoding_and_a_byte_order_mark(encoding, mark, tmp_path):
    text = 'text,label\n"卡,丢了",a\n€,b\n'
    held = mark + text.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else encoding)
    rows = read_rows(written(tmp_path, held), FormatSpec(encoding=encoding))
    assert rows.columns.rows() == [("卡,丢了", "a"), ("€", "b")]
    assert rows.columns.columns == ["text", "label"]


def test_it_reads_latin_1(tmp_path):
    path = written(tmp_path, "name\ncafé\n".encode("latin-1"))
    assert read_rows(path, FormatSpec(encoding="latin-1"))["name"].to_list() == ["café"]
    with pytest.raises(DataError, match=r"t.csv:2: not UTF-8 text; .*data.encoding"):
        read_rows(path)


def test_it_reads_a_dialect_with_semicolons_other_quotes_and_decimal_commas(tmp_path):
    path = written(tmp_path, "n;what;when\n1,5;'a;b';02.01.2024\n-3;'it''s';?\n;'';\n")
    form = FormatSpec(separator=";", quote="'", decimal=",", missing=("?",), types={"when": "date %d.%m.%Y"})
    rows = read_rows(path, form).columns
    assert rows.rows() == [(1.5, "a;b", date(2024, 1, 2)), (-3.0, "it's", None), (None, "", None)]


def test_a_point_is_no_number_where_the_decimal_sign_is_a_comma(tmp_path):
    path = written(tmp_path, "n\n1,5\n1.5\n")
    rows = read_rows(path, FormatSpec(separator=";", decimal=","))
    assert rows["n"].to_list() == ["1,5", "1.5"]


def test_quotes_are_plain_characters_where_there_are_none(tmp_path):
    path = written(tmp_path, 'a "b\tx\n"c\ty\n', "t.tsv")
    rows = read_rows(path, FormatSpec(quote="", header=("text", "label")))
    assert rows.columns.rows() == [('a "b', "x"), ('"c', "y")]


def test_an_empty_field_is_null_and_a_quoted_one_an_empty_string(tmp_path):
    path = written(tmp_path, 'a,b,n\n,"",1\n"",,""\nx,y,\n')
    rows = read_rows(path).columns
    assert rows["a"].to_list() == [None, "", "x"]
    assert rows["b"].to_list() == ["", None, "y"]
    assert rows["n"].to_list() == [1, None, None]


def test_an_empty_line_is_a_null_in_one_column_and_no_row_in_several(tmp_path):
    assert read_rows(written(tmp_path, 'a\n\n""\nx\n'))["a"].to_list() == [None, "", "x"]
    assert len(read_rows(written(tmp_path, "a,b\n\nx,y\n\n"))) == 1


def test_missing_values_are_missing_quoted_or_not_with_blanks_or_without(tmp_path):
    path = written(tmp_path, 'age, kind\n 39, ?\n ?,"?"\n 40, new\n')
    rows = read_rows(path, FormatSpec(missing=("?",))).columns
    assert rows["age"].to_list() == [39, None, 40]
    assert rows[" kind"].to_list() == [None, None, " new"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "0"], pl.Int64),
        (["1", "2.5", "1e3", ".5"], pl.Float64),
        (["nan", "1", "-inf"], pl.Float64),
        (["true", "False"], pl.Boolean),
        (["2024-01-02", "1999-12-31"], pl.Date),
        (["2024-01-02T03:04:05", "2024-01-02 03:04"], pl.Datetime("us")),
        (["2024-01-02T03:04:05Z", "2024-01-02 03:04+02:00"], pl.Datetime("us", "UTC")),
        (["007", "8"], pl.String),
        (["+41", "5"], pl.String),
        (["12345678901234567890", "1"], pl.String),
        (["1e999", "1"], pl.String),
        (["nan", "inf"], pl.String),
        (["1_000", "2"], pl.String),
        (["2024-02-30"], pl.String),
        (["2024-01-02T03:04:05Z", "2024-01-02 03:04"], pl.String),
        (["1", "x"], pl.String),
    ],
)
def test_it_infers_a_type_only_where_it_loses_nothing(cells, kind, tmp_path):
    rows = read_rows(written(tmp_path, "n,m\n" + "".join(f"{cell},a\n" for cell in cells)))
    assert rows.columns.schema["n"] == kind
    if kind == pl.String:
        assert rows["n"].to_list() == cells
    assert rows["n"].null_count() == 0


def test_times_with_an_offset_become_utc(tmp_path):
    path = written(tmp_path, "t,m\n2024-01-02T03:04:05Z,a\n2024-01-02 03:04+02:00,a\n")
    assert read_rows(path)["t"].dt.replace_time_zone(None).to_list() == [
        datetime(2024, 1, 2, 3, 4, 5),
        datetime(2024, 1, 2, 1, 4),
    ]


def test_a_declared_type_is_held_to_and_a_row_that_breaks_it_is_set_aside(tmp_path):
    path = written(tmp_path, "age,zip\n31,07\nold,08\n44,09\n")
    form = FormatSpec(types={"age": "int", "zip": "text"}, bad_rows=0.5)
    rows = read_rows(path, form)
    assert rows.columns.rows() == [(31, "07"), (44, "09")]
    assert rows.ids.tolist() == [0, 2]
    (drop,) = rows.dropped
    assert (drop.id, drop.step, drop.reason) == (1, "read", f"age 'old' is no int at {path}:3")
    with pytest.raises(DataError, match=r"t.csv:3: age 'old' is no int; .*1 of 3 rows cannot be read"):
        read_rows(path, form.model_copy(update={"bad_rows": 0.2}))


@pytest.mark.parametrize(
    ("name", "content", "reasons"),
    [
        ("t.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n", ["the row has 1 field", "the row has 3 fields"]),
        ("t.csv", b"a,b\n1,2\n\xff\xfe,3\n7,8\n", ["the row is not text of the encoding"]),
        ("t.jsonl", b'{"a":1}\n{"a":\n[2]\n{"a":"\\ud800"}\n{"a":7}\n', ["not JSON", "the line is no JSON object", "half a surrogate"]),
        ("t.jsonl", b'{"a":1}\n{"a":NaN}\n', ["not JSON (NaN is no JSON value)"]),
        ("t.jsonl", b'{"a":1,"b":3}\n{"a":1,"a":2}\n{"a":null,"a" : 2}\n', ["key 'a' stands twice"] * 2),
        ("t.jsonl", b'{"a":[{"b":1}]}\n{"a":[{"b":1,"b":2}]}\n', ["key 'b' stands twice"]),
    ],
    ids=["fields", "bytes", "lines", "NaN", "keys", "keys inside"],
)  # fmt: skip
def test_unreadable_rows_are_set_aside_with_file_line_and_reason(name, content, reasons, tmp_path):
    path = written(tmp_path, content, name)
    rows = read_rows(path, FormatSpec(bad_rows=0.9))
    lines = [drop.id + (2 if name == "t.csv" else 1) for drop in rows.dropped]
    for drop, reason, line in zip(rows.dropped, reasons, lines, strict=True):
        assert drop.reason.startswith(reason)
        assert drop.reason.endswith(f"at {path}:{line}")
        assert drop.row["raw"]
    total = content.count(b"\n") - (name == "t.csv")
    assert sorted([*rows.ids.tolist(), *(drop.id for drop in rows.dropped)]) == list(range(total))
    with pytest.raises(DataError, match=r"cannot be read, data\.bad_rows allows 0\.00 %|not UTF-8 text"):
        read_rows(path)


def test_unreadable_rows_reach_the_chain_as_dropped_ones(tmp_path):
    path = written(tmp_path, "text,label\na,x\nb\nc,y\n,x\n")
    spec = DataSpec(train="t.csv", bad_rows=0.5)
    rows = read(path, spec, "")
    assert rows.ids.tolist() == [0, 2]
    assert [drop.id for drop in rows.dropped] == [1, 3]
    assert place_of(path, 2, spec) == f"{path}:4"


def test_two_columns_of_one_name_are_an_error(tmp_path):
    with pytest.raises(DataError, match=r"t.csv:1: two columns are named 'a'; rename one of them"):
        read_rows(written(tmp_path, "a,b,a\n1,2,3\n"))


def test_a_type_for_a_column_that_is_not_there_is_an_error(tmp_path):
    path = written(tmp_path, "age\n1\n")
    with pytest.raises(
        DataError, match=r"no column 'agee', for which data.types declares a type; did you mean 'age'"
    ):
        read_rows(path, FormatSpec(types={"agee": "int"}))


def test_json_values_of_two_kinds_are_an_error_that_names_both_lines(tmp_path):
    path = written(tmp_path, '{"a": true}\n{"a": null}\n{"a": [1]}\n', "t.jsonl")
    with pytest.raises(DataError, match=r"t.jsonl:3: column 'a' holds a list here and a boolean on line 1"):
        read_rows(path)


def test_a_declared_type_holds_for_typed_columns_too(tmp_path):
    path = written(tmp_path, '{"n": 1.0, "t": "2024-01-02"}\n{"n": 1.5, "t": null}\n', "t.jsonl")
    rows = read_rows(path, FormatSpec(types={"n": "int", "t": "date"}, bad_rows=0.5))
    assert rows.columns.rows() == [(1, date(2024, 1, 2))]
    assert rows.dropped[0].reason.startswith("n '1.5' is no int")


def test_several_files_are_one_table_with_places_of_their_own(tmp_path):
    written(tmp_path, "a,b\n1,x\n2,y\n", "1.csv")
    written(tmp_path, "b,a\nz,2.5\n", "2.csv")
    rows = read_rows(tmp_path / "*.csv")
    assert rows.columns.rows() == [(1.0, "x"), (2.0, "y"), (2.5, "z")]
    assert rows.ids.tolist() == [0, 1, 2]
    assert place_of(tmp_path / "*.csv", 2, FormatSpec()) == f"{tmp_path / '2.csv'}:2"
    written(tmp_path, "a,c\n1,x\n", "3.csv")
    with pytest.raises(DataError, match=r"3.csv: column 'b' does not stand in both this file and .*1.csv"):
        read_rows(tmp_path / "*.csv")
    with pytest.raises(DataError, match=r"no file matches .*\.tsv"):
        read_rows(tmp_path / "*.tsv")


def test_a_packed_file_is_unpacked(tmp_path):
    path = written(tmp_path, gzip.compress(b"a,b\n1,x\n"), "t.csv.gz")
    assert read_rows(path).columns.rows() == [(1, "x")]
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(written(tmp_path, b"a,b\n", "broken.csv.gz"))


FRAME = pl.DataFrame({"n": [1.5, None], "t": ["", None], "d": [date(2024, 1, 2), None]})


@pytest.mark.parametrize(
    "give",
    [lambda: FRAME, FRAME.lazy, FRAME.to_arrow, FRAME.to_pandas],
    ids=["Polars", "Polars lazy", "Arrow", "pandas"],
)
def test_it_takes_frames_and_keeps_null_and_empty_apart(give):
    rows = read_rows(give())
    assert rows["n"].to_list() == [1.5, None]
    assert rows["t"].to_list() == ["", None]
    assert rows["d"].cast(pl.Date).to_list() == [date(2024, 1, 2), None]
    assert rows.ids.tolist() == [0, 1]


def test_texts_of_pandas_without_pyarrow_say_what_to_install(monkeypatch):
    def missing(_):
        raise ModuleNotFoundError("pa.array requires 'pyarrow' module to be installed")

    monkeypatch.setattr(pl, "from_pandas", missing)
    with pytest.raises(EnvironmentFault, match=r"need PyArrow.*pip install 'trimtab\[data\]'"):
        read_rows(FRAME.to_pandas())


def test_a_named_index_of_pandas_becomes_a_column():
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    assert read_rows(frame).columns.rows() == [("a", 1), ("b", 2)]


def test_a_column_of_categories_may_have_any_name():
    frame = pd.DataFrame({"self": pd.Categorical([1, 2, 1]), 7: pd.Categorical(["a", None, "b"])})
    assert read_rows(frame).columns.cast(pl.String).rows() == [("1", "a"), ("2", None), ("1", "b")]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"c": pd.Categorical([1, "a"]), "z": [1j, 2j]}), "column 'z' of complex128"),
        (pd.DataFrame({"a": [1, "x"]}, dtype=object), "column 'a' mixes numbers and texts"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are named 'a'"),
        (pd.DataFrame({"a": ["\ud800"]}, dtype=object), "half a surrogate pair"),
        (pl.DataFrame(), "the frame has no columns"),
    ],
    ids=["complex", "mixed", "names", "surrogate", "nothing"],
)
def test_a_frame_that_no_columns_can_hold_is_an_error(frame, said):
    with pytest.raises(DataError, match=said):
        read_rows(frame)


def test_arrow_files_and_streams_are_read(tmp_path):
    FRAME.write_ipc(tmp_path / "t.arrow")
    FRAME.write_ipc_stream(tmp_path / "s.arrow")
    for name in ("t.arrow", "s.arrow"):
        assert read_rows(tmp_path / name).columns.equals(FRAME)
    with pytest.raises(DataError, match=r"x.arrow: cannot be read"):
        read_rows(written(tmp_path, b"nonsense", "x.arrow"))


def test_a_folder_of_pictures_gives_the_class_by_its_sub_folders(tmp_path):
    for at, picture in enumerate(images_of(3)["image"]):
        folder = tmp_path / "cat" if at else tmp_path / "dog"
        folder.mkdir(exist_ok=True)
        (folder / f"{at}.png").write_bytes(picture)
    (tmp_path / "cat" / "broken.png").write_bytes(b"\x89PNG nothing")
    rows = read_rows(tmp_path, FormatSpec(bad_rows=0.5))
    assert rows.modality == "image"
    assert rows.columns.select("file", "label").rows() == [
        ("cat/1.png", "cat"),
        ("cat/2.png", "cat"),
        ("dog/0.png", "dog"),
    ]
    assert [drop.id for drop in rows.dropped] == [2]
    assert rows.dropped[0].reason.startswith("cat/broken.png is no picture (cannot identify image file)")
    with pytest.raises(DataError, match=r"cat/broken.png is no picture .*1 of 4 rows"):
        read_rows(tmp_path)


def test_a_picture_that_is_cut_off_is_none(tmp_path):
    from PIL import Image

    held = BytesIO()
    Image.effect_noise((64, 64), 90).save(held, "JPEG")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.jpg").write_bytes(held.getvalue())
    (tmp_path / "cat" / "1.jpg").write_bytes(held.getvalue()[:1_000])
    rows = read_rows(tmp_path, FormatSpec(bad_rows=0.5))
    assert rows["file"].to_list() == ["cat/0.jpg"]
    assert rows.dropped[0].reason.startswith("cat/1.jpg is no picture (image file is truncated")


def test_hidden_folders_are_no_classes(tmp_path):
    for name in ("cat", ".ipynb_checkpoints"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(images_of(1)["image"][0])
    assert read_rows(tmp_path)["label"].to_list() == ["cat"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pl.Series(["1", None, "x"], dtype=pl.Categorical), "int", [1, None]),
        (pl.Series([1.0, 0.0, 1.5]), "bool", [True, False]),
        (pl.Series([True, None]), "int", [1, None]),
        (pl.Series([date(2026, 1, 2), None]), "text", ["2026-01-02", None]),
    ],
)
def test_columns_that_have_a_type_are_held_to_the_declared_one(values, kind, expected):
    rows = read_rows(pl.DataFrame({"a": values}), FormatSpec(types={"a": kind}, bad_rows=0.5))
    assert rows["a"].to_list() == expected


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        (pl.Series([[1, 2]]), "text", r"of List\(Int64\) and cannot be text; leave it out of data.types"),
        (pl.Series([1.5]), "date", "of Float64 and cannot be date; declare bool or float or int or text"),
        (pl.Series([date(2026, 1, 2)]), "bool", "of Date and cannot be bool; declare date or datetime or"),
        (pl.Series([b"x"]), "int", "of Binary and cannot be int"),
        (pl.Series([{"x": 1}]), "int", "cannot be int"),
    ],
)
def test_columns_that_cannot_be_of_the_declared_type_are_an_error(values, kind, says):
    with pytest.raises(DataError, match=says):
        read_rows(pl.DataFrame({"a": values}), FormatSpec(types={"a": kind}))


@pytest.mark.parametrize("encoding", ["rot13", "hex", "zip", "no-such"])
def test_an_encoding_is_one_of_text(encoding):
    with pytest.raises(ValueError, match="allowed: an encoding that Python knows"):
        FormatSpec(encoding=encoding)


def test_an_index_beside_the_pictures_gives_their_columns(tmp_path):
    (tmp_path / "a.png").write_bytes(images_of(1)["image"][0])
    written(tmp_path, "file_name,label,age\na.png,cat,3\nb.png,dog,4\n", "index.csv")
    rows = read_rows(tmp_path, FormatSpec(bad_rows=0.5))
    assert rows.columns.select("file", "label", "age").rows() == [("a.png", "cat", 3)]
    assert rows.dropped[0].reason == f"no such file: {tmp_path / 'b.png'} at {tmp_path / 'index.csv'}:3"


def test_series_of_the_archive_are_rows(tmp_path):
    text = "# about\n@problemName T\n@classLabel true a B\n@data\n1,2,?:a\n1,x,3:a\n4,NaN:B\n5,6:c\n"
    rows = read_rows(written(tmp_path, text, "t.ts"), FormatSpec(bad_rows=0.5))
    assert rows.modality == "series"
    assert rows.columns.rows() == [([1.0, 2.0, None], "a"), ([4.0, None], "B")]
    assert [(drop.id, drop.reason.partition(" at ")[0]) for drop in rows.dropped] == [
        (1, "no number: could not convert string to float: 'x'"),
        (3, "class 'c' is not among those of @classLabel"),
    ]
    several = written(tmp_path, "@classLabel\tTrue 1 2\n@data\n1,2:3,4:1\n5,6:7,8:2\n", "m.ts")
    assert read_rows(several).columns.columns == ["values_1", "values_2", "label"]
    with pytest.raises(DataError, match="no line begins with @data"):
        read_rows(written(tmp_path, "1,2\n", "n.ts"))


def test_a_target_of_series_is_a_number_or_missing(tmp_path):
    text = "@targetLabel true\n@data\n1,2:?\n1,2:3.5\n1,2:much\n"
    rows = read_rows(written(tmp_path, text, "t.ts"), FormatSpec(bad_rows=0.5))
    assert rows["label"].to_list() == [None, 3.5]
    assert rows.dropped[0].reason.startswith("target 'much' is no number")


def test_the_archive_s_gun_point_is_read_whole():
    rows = read_rows(needs("ts_ucr_small/GunPoint_TRAIN.ts"))
    assert len(rows) == 50
    assert set(rows["values"].list.len()) == {150}
    assert set(rows["label"]) == {"1", "2"}


def test_the_census_is_read_with_its_question_marks_as_missing():
    path = needs("tab_adult/adult-train.csv.gz")
    header = tuple(f"c{at}" for at in range(15))
    rows = read_rows(path, FormatSpec(header=header, missing=("?",)))
    assert len(rows) == 32_561
    assert rows.columns.schema["c0"] == pl.Int64
    assert rows["c1"].null_count() == 1836  # workclass, as adult.names and the literature count them


def test_the_sample_of_pictures_is_read():
    rows = read_rows(needs("img_cifar10_sample"))
    assert len(rows) > 0
    assert rows.columns.schema["image"] == pl.Binary


@pytest.fixture
def dataset(tmp_path):
    """A folder as `datasets.save_to_disk` writes it."""
    for at, labels in enumerate(([0, 1], [-1])):
        frame = pl.DataFrame({"text": [f"t{at}{n}" for n in range(len(labels))], "label": labels})
        frame.write_ipc_stream(tmp_path / f"data-{at:05}-of-00002.arrow")
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["no", "yes"], "_type": "ClassLabel"},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": features}))
    files = [{"filename": f"data-{at:05}-of-00002.arrow"} for at in range(2)]
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": files}))
    return tmp_path


def test_a_dataset_folder_gives_its_classes_by_name(dataset):
    assert read_rows(dataset).columns.rows() == [("t00", "no"), ("t01", "yes"), ("t10", None)]
    (dataset / "data-00001-of-00002.arrow").unlink()
    with pytest.raises(DataError, match=r"state.json: names data-00001-of-00002.arrow, which is not there"):
        read_rows(dataset)


def test_a_folder_of_splits_asks_for_one_of_them(tmp_path):
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(DataError, match=r"holds the splits train, test; name one, as .*train"):
        read_rows(tmp_path)
    hub = tmp_path / "hub" / "data"
    hub.mkdir(parents=True)
    for name in ("train-0.parquet", "test-0.parquet"):
        FRAME.write_parquet(hub / name)
    with pytest.raises(DataError, match="holds the splits test, train"):
        read_rows(tmp_path / "hub")
    assert read_rows(hub / "train-*.parquet").columns.equals(FRAME)


def test_every_reader_says_what_it_reads():
    for name in READERS:
        assert READERS.load(name).__doc__


def test_ids_are_numbers_of_rows_in_the_file(tmp_path):
    rows = read_rows(written(tmp_path, "a\n1\n2\n"))
    assert rows.ids.dtype == np.int64


@pytest.mark.parametrize("name", ["Coffee_TRAIN.tsv", "t.csv"])
def test_a_header_of_numbers_alone_is_refused_for_it_looks_like_a_row(name, tmp_path):
    separator = "\t" if name.endswith("tsv") else ","
    rows = [["1", "-0.5", "2e-1"], ["0", "0.25", ".1"]]
    path = written(tmp_path, "".join(f"{separator.join(row)}\n" for row in rows), name)
    refused = (
        rf"{name}:1: the header holds numbers only, .*; write names above it, or give them in data.header"
    )
    with pytest.raises(DataError, match=refused):
        read_rows(path)
    with pytest.raises(DataError, match=refused):
        list(read_batches(path))
    with pytest.raises(DataError, match=refused):
        clean_file(path, tmp_path / "clean", [])
    assert len(read_rows(path, FormatSpec(header=("label", "a", "b")))) == 2


def test_numbers_that_count_from_zero_are_names_as_pandas_writes_them(tmp_path):
    assert read_rows(written(tmp_path, "0,1,2\n5,6,7\n")).columns.columns == ["0", "1", "2"]


def test_a_file_whose_lines_end_in_cr_is_refused_for_that(tmp_path):
    path = written(tmp_path, "text,label\rlost,card\rnotes,cash\r")
    for reading in (
        read_rows,
        lambda one: list(read_batches(one)),
        lambda one: clean_file(one, tmp_path / "c", []),
    ):
        with pytest.raises(
            DataError, match=r"t.csv:1: the lines end in CR, .*; save the file with LF or CRLF"
        ):
            reading(path)
