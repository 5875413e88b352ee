"""Cleaning rows on disk gives what cleaning them in memory gives, whatever the blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import blocks_of, same_state, tabular_of
from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.spec import FormatSpec
from trimtab.core.step import Step, load_steps
from trimtab.data import STEPS
from trimtab.data.clean_file import clean_blocks, clean_file
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.engine_local import learn
from trimtab.data.impute import Impute
from trimtab.data.outliers import Iqr
from trimtab.data.read import read_rows
from trimtab.features.target_encode import TargetEncode

CLEAN = (DropDuplicates(), Impute(), Iqr())


def table() -> Batch:
    """Rows with copies, gaps and far values."""
    once = tabular_of(300)
    again = once.columns[np.random.default_rng(1).integers(0, 300, 80)]
    return Batch(pl.concat([once.columns, again]), np.arange(380), "tabular")


def rows_of(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((folder / "rows").glob("*.parquet"))])


def gone(dropped: Dropped) -> list[tuple[int, str, str, str]]:
    return sorted((drop.id, drop.step, drop.reason, str(drop.row)) for drop in dropped)


@pytest.mark.parametrize("parts", [1, 3, 11])
def test_it_gives_the_rows_drops_and_steps_of_cleaning_in_memory(parts, tmp_path):
    learned, (whole,) = learn(CLEAN, [table()])
    made = clean_blocks(iter(blocks_of(table(), parts)), tmp_path / "out", CLEAN)
    assert rows_of(made.folder).equals(whole.columns)
    assert (made.rows, made.dropped) == (len(whole), len(whole.dropped))
    assert gone(Dropped.load(made.folder / "dropped")) == gone(whole.dropped)
    assert all(same_state(left, right) for left, right in zip(made.steps, learned, strict=True))
    saved = load_steps(made.folder, STEPS)
    assert all(same_state(left, right) for left, right in zip(saved, learned, strict=True))
    assert len(whole.dropped) > 80


@pytest.mark.parametrize("piece", [200, 5_000, 1 << 20])
def test_it_cleans_a_file_piece_by_piece_as_the_whole(piece, tmp_path):
    table().columns.write_csv(tmp_path / "in.csv")
    _, (whole,) = learn(CLEAN, [replace(read_rows(tmp_path / "in.csv"), modality="tabular")])
    made = clean_file(tmp_path / "in.csv", tmp_path / "deep" / "out", CLEAN, piece)
    assert rows_of(made.folder).equals(whole.columns)
    assert gone(Dropped.load(made.folder / "dropped")) == gone(whole.dropped)
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["out"]


cells = st.sampled_from(["", "7", "007", "7.5", " 8", "x", '""', "1e3", "99999", "-0.0", "nan", "inf"])


@given(st.data(), st.integers(1, 3), st.integers(1, 90), st.sampled_from([0, 150, 1 << 20]))
def test_it_cleans_any_file_as_it_cleans_the_rows_read_whole(tmp_path_factory, data, width, piece, room):
    few = [data.draw(st.lists(cells, min_size=1, max_size=4)) for _ in range(width)]
    row = st.tuples(*(st.sampled_from(column) for column in few)).map(",".join)
    rows = data.draw(st.lists(row, min_size=1, max_size=30))
    folder = tmp_path_factory.mktemp("clean")
    (folder / "in.csv").write_text("\n".join([",".join("abc"[:width]), *rows, ""]), encoding="utf-8")
    read = replace(read_rows(folder / "in.csv"), modality="tabular")
    learned, (whole,) = learn(CLEAN, [read])
    made = clean_file(folder / "in.csv", folder / "out", CLEAN, piece, room)
    assert rows_of(made.folder).equals(whole.columns)
    assert gone(Dropped.load(made.folder / "dropped")) == gone(whole.dropped)
    assert all(same_state(left, right) for left, right in zip(made.steps, learned, strict=True))


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "a", None])), min_size=1, max_size=30))
def test_it_finds_the_copies_of_any_rows(tmp_path_factory, rows):
    columns = pl.DataFrame(rows, schema={"n": pl.Int64, "s": pl.String}, orient="row")
    batch = Batch(columns, np.arange(len(rows)) * 3, "tabular")
    target = tmp_path_factory.mktemp("copies") / "out"
    (step,) = clean_blocks(blocks_of(batch, 3), target, [DropDuplicates()]).steps
    assert same_state(step, DropDuplicates().learn(batch))


def test_it_keeps_what_the_blocks_bring_as_dropped_and_works_without_steps(tmp_path):
    batch = table().keep(np.arange(380) != 7, "read", "cannot be read")
    made = clean_blocks([batch], tmp_path / "out", [])
    assert (made.rows, made.dropped) == (379, 1)
    assert Dropped.load(made.folder / "dropped")[0].reason == "cannot be read"


class Neighbours(Step):
    """Counts the rows of a block that share a city: right only where they all lie in one block."""

    name: ClassVar[str] = "neighbours"
    columns: ClassVar[tuple[str, ...]] = ("city",)

    @property
    def together(self) -> tuple[str, ...]:
        return self.columns

    def __call__(self, batch: Batch) -> Batch:
        return batch.with_columns(near=batch.columns.select(pl.len().over("city"))["len"])


class AllTogether(Neighbours):
    columns: ClassVar[tuple[str, ...]] = ()


@pytest.mark.parametrize("kind", [Neighbours, AllTogether])
@pytest.mark.parametrize("before", [(), (Impute(),), (DropDuplicates(), Impute())])
def test_it_brings_rows_together_that_a_step_must_see_together(kind, before, tmp_path):
    steps = (*before, kind(), Iqr())
    _, (whole,) = learn(steps, [table()])
    made = clean_blocks(blocks_of(table(), 4), tmp_path / "out", steps)
    names = whole.columns.columns
    assert rows_of(made.folder).sort(names).equals(whole.columns.sort(names))
    assert gone(Dropped.load(made.folder / "dropped")) == gone(whole.dropped)


class Watching(Neighbours):
    """Notes how many files hold the rows on disk."""

    folder: ClassVar[Path]
    counts: ClassVar[list[int]] = []

    def __call__(self, batch: Batch) -> Batch:
        self.counts.append(len([*self.folder.glob(".out-*/rows*/*")]))
        return super().__call__(batch)


@pytest.mark.parametrize("room", [0, 5_000])
def test_it_brings_rows_together_in_few_files_however_little_fits_in_memory(room, tmp_path):
    Watching.folder = tmp_path
    Watching.counts.clear()
    steps = (Impute(), Watching(), Iqr())
    _, (whole,) = learn(steps, [table()])
    made = clean_blocks(blocks_of(table(), 40), tmp_path / "out", steps, room)
    names = whole.columns.columns
    assert rows_of(made.folder).sort(names).equals(whole.columns.sort(names))
    assert 0 < max(Watching.counts) <= 40


def test_it_lets_no_train_row_see_its_own_label(tmp_path):
    steps = (TargetEncode(columns=("city",)), Impute(columns=("age",)))
    _, (whole,) = learn(steps, [table()])
    made = clean_blocks(blocks_of(table(), 3), tmp_path / "out", steps)
    assert rows_of(made.folder).equals(whole.columns)
    assert not whole.columns.equals(steps[0].learn(table())(table()).columns)


class Counted(Step):
    """Counts how often it is applied to a block, and learned from one."""

    name: ClassVar[str] = "counted"
    calls: ClassVar[list[str]] = []

    def __call__(self, batch: Batch) -> Batch:
        self.calls.append("apply")
        return batch


class Learning(Counted):
    def partial(self, batch: Batch) -> None:
        del batch
        self.calls.append("partial")


@pytest.mark.parametrize("room", [0, None])
def test_it_does_not_pass_over_the_rows_for_a_step_that_learns_nothing(room, tmp_path):
    Counted.calls.clear()
    steps = [Counted(), Counted(), Impute(), Counted()]
    made = clean_blocks(blocks_of(table(), 3), tmp_path / "out", steps, room)
    assert Counted.calls == ["apply"] * 9
    assert made.steps[2].fills == Impute().learn(table()).fills


def test_it_does_no_step_often_to_a_block_on_disk(tmp_path):
    Counted.calls.clear()
    steps = [Learning() for _ in range(20)]
    clean_blocks(blocks_of(table(), 3), tmp_path / "out", steps, room=0)
    assert Counted.calls.count("partial") == 3 * 20
    assert Counted.calls.count("apply") < 3 * 20 * 3


def test_it_reads_a_file_as_its_form_says_and_any_kind_of_file(tmp_path):
    (tmp_path / "in.csv").write_bytes(
        "größe;ort\n1,5;Zürich\n?;Bern\n2,5;x\n2,5;x\n1;y;z\n".encode("latin-1")
    )
    form = FormatSpec(encoding="iso-8859-1", separator=";", decimal=",", missing=("?",), bad_rows=0.5)
    made = clean_file(tmp_path / "in.csv", tmp_path / "out", CLEAN, form=form)
    assert rows_of(made.folder).rows() == [(1.5, "Zürich"), (2.0, "Bern"), (2.5, "x")]
    dropped = Dropped.load(made.folder / "dropped")
    assert [(drop.id, drop.step) for drop in dropped] == [(4, "read"), (3, "drop_duplicates")]
    table().columns.write_parquet(tmp_path / "in.parquet")
    made = clean_file(tmp_path / "in.parquet", tmp_path / "parquet", CLEAN)
    assert rows_of(made.folder).equals(learn(CLEAN, [table()])[1][0].columns)


@pytest.mark.parametrize(
    ("name", "form", "says"),
    [
        ("un.csv", None, "clean_file: no such file: .*un.csv; did you mean 'in.csv'"),
        ("un.csv", FormatSpec(decimal=","), "clean_file: no such file: .*un.csv; did you mean 'in.csv'"),
        ("in.txt", None, "clean_file: 'in.txt' is no known kind of file"),
        ("empty.csv", None, "empty.csv: the file has no rows"),
        ("empty.csv", FormatSpec(decimal=","), "empty.csv: the file has no rows"),
    ],
)
def test_it_says_in_one_line_that_there_is_no_such_file_or_no_row_in_it(name, form, says, tmp_path):
    for file, text in (("in.csv", "a\n1\n"), ("empty.csv", "a\n"), ("in.txt", "a\n1\n")):
        (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=says):
        clean_file(tmp_path / name, tmp_path / "out", CLEAN, form=form)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("steps", [(), CLEAN, (Neighbours(), Impute())])
def test_it_says_in_one_line_that_no_block_came(steps, tmp_path):
    with pytest.raises(DataError, match="clean_blocks: no block of rows came; give rows to clean"):
        clean_blocks([], tmp_path / "out", steps)


def test_it_refuses_a_folder_that_exists_and_leaves_none_behind_when_it_fails(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="out: exists already; name a new folder"):
        clean_blocks([table()], tmp_path / "out", CLEAN)
    (tmp_path / "bad.csv").write_text("a,b\n" + "1,2\n" * 50 + "1\n")
    with pytest.raises(DataError, match=r"bad.csv:52: the row has 1 field, the header has 2"):
        clean_file(tmp_path / "bad.csv", tmp_path / "new", CLEAN, 40)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out"]
