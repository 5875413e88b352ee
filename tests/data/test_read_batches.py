"""Batches: the same rows as reading the whole, wherever the file is cut, and the same rows set aside."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
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
