"""Reading CSV in blocks: the rows and types of reading it whole; what is wrong is named by line."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
from trimtab.data.csv_blocks import CsvBlocks, OtherTypes
from trimtab.data.csv_scan import last_end
from trimtab.data.read import read_rows


def read(path, piece: int) -> pl.DataFrame:
    blocks = CsvBlocks.open(path, piece)
    try:
        return pl.concat([blocks.parse(each) for each in blocks.pieces(piece)])
    except OtherTypes:
        blocks = blocks.settled()
        return pl.concat([blocks.parse(each) for each in blocks.pieces(piece)])


cells = st.text(st.sampled_from('ab,"\n é'), max_size=5) | st.none()
odd = st.sampled_from(
    [
        "007", "7", "-7", "-07", "+41", "+.5", " 7", "7 ", "1.5", "01.5", "1e3", "1e400", "nan", "-inf",
        "1" * 19, "1" * 20, "9" * 19, "true", "FALSE", "2024-02-03", "2024-02-30", "2024-02-03T10:00",
        "2024-02-03 10:00Z", "x", "0", "-0", "\ufeff7", '"a, 01"', '"+1"', '"007"', '""', "",
    ]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 99) | st.none(), cells, cells), min_size=1, max_size=30),
    st.integers(1, 80),
)
def test_it_reads_any_rows_in_pieces_of_any_size(tmp_path_factory, rows, piece):
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    pl.DataFrame(rows, schema=["n", "s", "t"], orient="row", strict=False).write_csv(path)
    assert read(path, piece).equals(read_rows(path).columns)


@given(st.data(), st.integers(1, 3), st.integers(1, 60))
def test_it_finds_the_types_that_reading_the_file_whole_finds(tmp_path_factory, data, width, piece):
    kinds = data.draw(st.lists(st.lists(odd, min_size=1, max_size=3), min_size=width, max_size=width))
    rows = data.draw(
        st.lists(st.tuples(*(st.sampled_from(few) for few in kinds)).map(",".join), min_size=1, max_size=25)
    )
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    header = ",".join("abc"[:width])
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    whole, found = read_rows(path).columns, read(path, piece)
    assert found.schema == whole.schema
    assert found.equals(whole)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("007", pl.String), ("+41", pl.String), (" 07", pl.String), ('"-07"', pl.String), ("1.5", pl.Float64),
        ("12345678901234567890", pl.String), ("1e400", pl.String), (" 8", pl.Int64), ("x", pl.String),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["in.csv", "in.tsv"])
def test_it_takes_for_a_number_what_reading_whole_takes_for_one(text, kind, name, tmp_path):
    path, separator = tmp_path / name, "," if name == "in.csv" else "\t"
    rows = [("t", "n", "m"), *(("007", "7", "") for _ in range(50)), ("007", text, "8")]
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    found = read(path, 60)
    assert found.schema == {"t": pl.String, "n": kind, "m": pl.Int64}
    assert found.equals(read_rows(path).columns)


def test_it_reads_numbers_quickly_beside_texts_that_look_like_odd_ones(tmp_path, monkeypatch):
    path = tmp_path / "in.csv"
    path.write_text("a,b,c\n" + '1,007,2\n3,"a, 01",4\n5,"+1",6\n"7","x""0",8\n' * 20)
    blocks = CsvBlocks.open(path)
    monkeypatch.setattr(CsvBlocks, "_written", None)  # the slow way
    (piece,) = blocks.pieces()
    assert blocks.parse(piece).equals(read_rows(path).columns)


@pytest.mark.parametrize("late", ["1.5", "x", "9999999999999999999999", "true"])
def test_it_takes_the_types_of_all_rows_not_of_the_first(late, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "7,1\n" * 50 + f"{late},2\n")
    assert read(path, 60).equals(read_rows(path).columns)


def test_it_reads_an_empty_line_in_a_file_of_one_column_as_a_null(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a\n\n1\n\n\n2\n")
    for piece in (1, 3, 1000):
        assert read(path, piece)["a"].to_list() == [None, 1, None, None, 2]
    assert read_rows(path)["a"].to_list() == [None, 1, None, None, 2]


def test_it_takes_the_type_of_a_column_whose_first_rows_are_empty_from_the_others(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + ",1\n" * 50 + "2,3\n")
    assert read(path, 60).schema == {"a": pl.Int64, "b": pl.Int64}


def test_it_passes_over_empty_lines_a_byte_order_mark_and_carriage_returns(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"\xef\xbb\xbf\r\na,b\r\n1,x\r\n\r\n2,y\r\n\n3,z")
    for piece in (4, 9, 1000):
        assert read(path, piece).rows() == [(1, "x"), (2, "y"), (3, "z")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1", "the row has 1 field, the header has 2"),
        ("1,2,3", "the row has 3 fields, the header has 2"),
        ('1,a"b', "a quote stands in the middle of a field"),
        ('1,"a"b', "a quote stands in the middle of a field"),
        ('1,"ab', "a quote opens here and is never closed"),
    ],
)
@pytest.mark.parametrize("piece", [16, 1 << 20])
def test_it_names_the_line_of_a_broken_row(line, problem, piece, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + '1,"x, y"\n' * 40 + line + "\n" + "1,x\n" * 40)
    with pytest.raises(DataError, match=rf"in.csv:42: {problem}"):
        read(path, piece)


def test_it_does_not_let_a_long_row_make_up_for_a_short_one(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b,c\n1,2,3\n1,2\n1,2,3,4\n")
    with pytest.raises(DataError, match=r"in.csv:3: the row has 2 fields"):
        read(path, 1000)


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n", "a,b"])
def test_it_refuses_a_file_without_rows(text, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="the file has no rows"):
        read(path, 1000)


def test_it_refuses_bytes_that_are_not_utf_8_and_other_kinds_of_files(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"a,b\n1,\xff\xfe\n")
    with pytest.raises(DataError, match="cannot be read"):
        read(path, 1000)
    with pytest.raises(DataError, match="is no CSV or TSV file"):
        read(tmp_path / "in.parquet", 1000)


@given(st.text(st.sampled_from("a\n\"'"), max_size=30), st.sampled_from(["", '"', "'"]))
def test_it_cuts_after_the_last_line_end_outside_of_quotes(text, quote):
    ends = [
        at + 1 for at, sign in enumerate(text) if sign == "\n" and not (quote and text[:at].count(quote) % 2)
    ]
    assert last_end(text.encode(), quote.encode()) == max(ends, default=0)
