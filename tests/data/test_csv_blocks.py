"""Reading CSV in blocks: the rows and types of reading it whole; what is wrong is named by line."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
from trimtab.data.csv_blocks import CsvBlocks, OtherTypes


def read(path, piece: int) -> pl.DataFrame:
    blocks = CsvBlocks.open(path, piece)
    try:
        return pl.concat([blocks.parse(each) for each in blocks.pieces(piece)])
    except OtherTypes:
        blocks = blocks.settled()
        return pl.concat([blocks.parse(each) for each in blocks.pieces(piece)])


cells = st.text(st.sampled_from('ab,"\n é'), max_size=5) | st.none()


@given(
    st.lists(st.tuples(st.integers(0, 99) | st.none(), cells, cells), min_size=1, max_size=30),
    st.integers(1, 80),
)
def test_it_reads_any_rows_in_pieces_of_any_size(tmp_path_factory, rows, piece):
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    pl.DataFrame(rows, schema=["n", "s", "t"], orient="row", strict=False).write_csv(path)
    assert read(path, piece).equals(pl.read_csv(path, infer_schema_length=None))


@pytest.mark.parametrize(
    "late", ["1.5", "x", "9999999999999999999999", "true"], ids=["float", "text", "big", "boolean"]
)
def test_it_takes_the_types_of_all_rows_not_of_the_first(late, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "007,1\n" * 50 + f"{late},2\n")
    whole = pl.read_csv(path, infer_schema_length=None)
    assert read(path, 60).equals(whole)
    assert read(path, 60).schema == whole.schema


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
