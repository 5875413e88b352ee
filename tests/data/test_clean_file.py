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
from trimtab.core.step import Step, load_steps
from trimtab.data import STEPS
from trimtab.data.clean_file import clean_blocks, clean_file
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.engine_local import learn
from trimtab.data.impute import Impute
from trimtab.data.outliers import Iqr
from trimtab.data.read import read_rows

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


def test_it_refuses_a_folder_that_exists_and_leaves_none_behind_when_it_fails(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="out: exists already; name a new folder"):
        clean_blocks([table()], tmp_path / "out", CLEAN)
    (tmp_path / "bad.csv").write_text("a,b\n" + "1,2\n" * 50 + "1\n")
    with pytest.raises(DataError, match=r"bad.csv:52: the row has 1 field, the header has 2"):
        clean_file(tmp_path / "bad.csv", tmp_path / "new", CLEAN, 40)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out"]
