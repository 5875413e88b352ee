"""Batches: the same rows as reading the whole, wherever the file is cut, and the same rows set aside."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.core.errors import DataError, TrimtabError
from trimtab.core.spec import FormatSpec
from trimtab.data.read import read_rows
from trimtab.data.read_batches import read_batches

cell = st.one_of(st.none(), st.text(st.sampled_from('ab ",\n\r卡'), max_size=5))


@given(
    rows=st.lists(st.tuples(cell, cell), min_size=1, max_size=20),
    piece=st.integers(1, 40),
    size=st.integers(1, 7),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_it_gives_the_rows_of_the_whole_file_wherever_it_is_cut(
    tmp_path_factory, rows, piece, size, encoding
):
    path = tmp_path_factory.mktemp("batches") / "t.csv"
    path.write_bytes(
        pl.DataFrame(rows, schema=dict.fromkeys("ab", pl.String), orient="row").write_csv().encode(encoding)
    )
    form = FormatSpec(encoding=encoding, types={"a": "text", "b": "text"})
    whole = read_rows(path, form)
    batches = list(read_batches(path, form, rows=size, piece=piece))
    assert whole.columns.rows() == rows
    assert pl.concat([batch.columns for batch in batches]).equals(whole.columns)
    assert [row for batch in batches for row in batch.ids.tolist()] == whole.ids.tolist()
    assert all(len(batch) <= size for batch in batches)


PARTS = [b"a,b\n", b"1,x\n", b'"x\n', b'"', b"\n", b"\r\n", b",", b"\xff", b"\x81", b'{"a": 1}\n', b"{}", "卡".encode("gb18030"), "卡".encode("utf-16"), b"\xef\xbb\xbf"]  # fmt: skip # noqa: E501
odd_bytes = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join))


def outcome(read):
    """The columns, the ids and the dropped rows; or the error, which is one of ours."""
    try:
        found = read()
    except TrimtabError as error:
        return str(error)
    batches = found if isinstance(found, list) else [found]
    return (
        pl.concat([batch.columns for batch in batches], how="diagonal_relaxed").to_dict(as_series=False),
        [row for batch in batches for row in batch.ids.tolist()],
        [(drop.id, drop.reason) for batch in batches for drop in batch.dropped],
    )


@pytest.mark.parametrize("held", [b'{"a":0}\n{}', b'{"a":0}\n{}\n', b'{"a":0,"b":"x"}\n{}\n{}\n{"b":"y"}\n'])
@pytest.mark.parametrize("piece", [4, 1 << 20])
def test_a_piece_whose_objects_have_no_key_is_of_missing_values(tmp_path, held, piece):
    (tmp_path / "t.jsonl").write_bytes(held)
    whole = outcome(lambda: read_rows(tmp_path / "t.jsonl"))
    assert outcome(lambda: list(read_batches(tmp_path / "t.jsonl", piece=piece))) == whole


@settings(max_examples=400)
@given(
    held=odd_bytes,
    bad_rows=st.sampled_from([0.0, 0.9]),
    encoding=st.sampled_from(["utf-8", "gb18030", "latin-1", "utf-16", "utf-32-be"]),
    suffix=st.sampled_from(["csv", "tsv", "jsonl", "ts", "parquet", "arrow"]),
    packed=st.sampled_from([None, 0, 9, 20]),
    piece=st.integers(1, 40),
)
def test_bytes_of_any_kind_end_as_they_do_in_reading_the_whole(
    tmp_path_factory, held, bad_rows, encoding, suffix, packed, piece
):
    path = tmp_path_factory.mktemp("batches") / f"t.{suffix}"
    if packed is not None and suffix in ("csv", "tsv", "jsonl"):  # without its last bytes
        raw = gzip.compress(held)
        path, held = path.with_suffix(f".{suffix}.gz"), raw[: len(raw) - packed]
    path.write_bytes(held)
    form = FormatSpec(encoding=encoding, bad_rows=bad_rows)
    whole, batches = outcome(lambda: read_rows(path, form)), outcome(lambda: list(read_batches(path, form)))
    if isinstance(whole, str):  # of several faults each way of reading names the one that it meets first
        assert isinstance(batches, str)
    else:
        assert batches == whole
    assert "\n" not in str(whole) + str(outcome(lambda: list(read_batches(path, form, piece=piece))))


@pytest.mark.parametrize("piece", [5, 1 << 20])
@pytest.mark.parametrize(
    ("held", "form", "said"),
    [
        (
            "a,b\n1,卡\n".encode("gb18030") + b"2,\xff\n",
            {"encoding": "gb18030"},
            r"t.csv:3: not GB18030 text",
        ),
        ("a,b\n1,卡\n".encode() + b"2,\xff\n", {}, r"t.csv:3: not UTF-8 text"),
        ("a\nb\n".encode("utf-16") + b"\x00\xdc", {"encoding": "utf-16", "bad_rows": 0.5}, "not UTF-16 text"),
        (b"a\0\n\0\x00\xdca\0", {"encoding": "utf-16-le", "bad_rows": 0.5}, "not UTF-16-LE text"),
        (b"\n\n", {}, "the file is empty"),
        (b"a,b\n", {}, "the file has no rows"),
    ],
)
def test_what_cannot_be_read_is_said_as_of_the_whole_file(tmp_path, held, form, said, piece):
    (tmp_path / "t.csv").write_bytes(held)
    for read in (read_rows, lambda path, form: list(read_batches(path, form, piece=piece))):
        with pytest.raises(DataError, match=said):
            read(tmp_path / "t.csv", FormatSpec(**form))


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-20], lambda raw: raw[:40] + bytes(8) + raw[48:]])
def test_a_packed_file_that_is_cut_or_spoilt_cannot_be_read(tmp_path, spoil):
    raw = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (at, at * at) for at in range(5000)))
    (tmp_path / "t.csv.gz").write_bytes(spoil(raw))
    for read in (read_rows, lambda path: list(read_batches(path, piece=100))):
        with pytest.raises(DataError, match=r"t.csv.gz: cannot be read"):
            read(tmp_path / "t.csv.gz")


def test_json_lines_keep_their_columns_through_all_batches(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "b": "x"}\n{"b": "y"}\n\n{"a": 3}\n')
    rows = pl.concat([batch.columns for batch in read_batches(path, piece=8)])
    assert rows.rows() == [(1, "x"), (None, "y"), (3, None)]
    with path.open("a") as stream:
        stream.write('{"c": 3}\n')
    with pytest.raises(DataError, match=r"t.jsonl:5: column 'c' stands in no row before; declare it"):
        list(read_batches(path, piece=8))
    declared = list(read_batches(path, FormatSpec(types={"c": "int"}), piece=8))
    assert pl.concat([batch.columns for batch in declared])["c"].to_list() == [None, None, None, 3]


def test_a_column_may_be_called_as_anything(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"#": 1}\n{"#": 2, "c": 3}\n')
    with pytest.raises(DataError, match=r"t.jsonl:2: column 'c' stands in no row before"):
        list(read_batches(tmp_path / "t.jsonl", piece=8))


def test_parquet_comes_in_slices(tmp_path):
    frame = pl.DataFrame({"n": range(10)})
    frame.write_parquet(tmp_path / "t.parquet")
    batches = list(read_batches(tmp_path / "t.parquet", rows=4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert pl.concat([batch.columns for batch in batches]).equals(frame)


def test_a_type_that_later_rows_break_is_told_with_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("n,m\n1,a\n2.5,b\n3,c\n")
    with pytest.raises(
        DataError, match=r"t.csv:3: n '2.5' is no int; .*declare another type than 'int' in data.types"
    ):
        list(read_batches(path, piece=8))
    batches = list(read_batches(path, FormatSpec(bad_rows=0.5), piece=8))
    assert [row for batch in batches for row in batch.ids.tolist()] == [0, 2]
    assert [drop.id for batch in batches for drop in batch.dropped] == [1]
    with pytest.raises(DataError, match="1 of 3 rows cannot be read"):
        list(read_batches(path, FormatSpec(bad_rows=0.1), piece=8))
    rows = pl.concat(
        [batch.columns for batch in read_batches(path, FormatSpec(types={"n": "float"}), piece=8)]
    )
    assert rows["n"].to_list() == [1.0, 2.5, 3.0]


def test_ids_count_on_through_several_files(tmp_path):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text("n\n1\n2\n")
    batches = list(read_batches(tmp_path / "*.csv"))
    assert [row for batch in batches for row in batch.ids.tolist()] == [0, 1, 2, 3]
