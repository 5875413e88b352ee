"""Dropped rows are columns, and read as one `Drop` each."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from rows import images_of, tabular_of
from trimtab.core.dropped import Drop, Dropped
from trimtab.core.objects import Batch

ROWS = pl.DataFrame({"n": [1, 2, 3], "id": ["x", "", None], "day": [date(2024, 1, 1), None, None]})


def batch() -> Batch:
    return Batch(ROWS, np.array([10, 20, 30]))


def test_it_reads_as_a_sequence_of_drops_in_the_order_they_went():
    after = batch().keep([True, True, False], "late", "why").keep([False, True], "early", ["because"])
    first = Drop(30, "late", "why", {"n": 3, "id": None, "day": None})
    second = Drop(10, "early", "because", {"n": 1, "id": "x", "day": date(2024, 1, 1)})
    assert list(after.dropped) == [first, second]
    assert (after.dropped[0], after.dropped[-1], after.dropped[1:]) == (first, second, (second,))
    assert after.dropped == [first, second] != [second, first]
    with pytest.raises(IndexError):
        after.dropped[2]


def test_it_is_empty_where_no_row_went():
    assert batch().keep([True] * 3, "none", "never").dropped == ()
    assert not batch().dropped


def test_it_takes_the_reasons_as_a_column():
    after = batch().keep([False, True, False], "step", pl.Series(["a", "b"]))
    assert [drop.reason for drop in after.dropped] == ["a", "b"]


def test_it_refuses_a_number_of_reasons_other_than_that_of_the_rows():
    with pytest.raises(ValueError, match="step s drops 2 rows and gives 1 reasons"):
        batch().keep([False, True, False], "s", ["only one"])


@pytest.mark.parametrize("whole", [batch(), tabular_of(9), images_of(3)], ids=["mixed", "table", "images"])
def test_it_comes_back_from_disk_with_every_type(whole, tmp_path):
    odd = np.arange(len(whole)) % 2 == 1
    after = whole.keep(odd, "one", "a").with_columns(more=np.zeros(odd.sum()))
    gone = after.keep(np.zeros(len(after), bool), "two", "b").dropped
    gone.save(tmp_path)
    again = Dropped.load(tmp_path)
    assert again == gone
    assert [part.rows.schema for part in again.parts] == [part.rows.schema for part in gone.parts]
    assert [len(part) for part in again.parts] == [len(part) for part in gone.parts]


def test_it_loads_none_where_none_was_saved(tmp_path):
    Dropped().save(tmp_path / "empty")
    assert Dropped.load(tmp_path / "empty") == Dropped.load(tmp_path / "absent") == ()
