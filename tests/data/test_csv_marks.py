"""Counting proves what looking at each record proves, and odd numbers are found in their columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
from trimtab.data import csv_marks
from trimtab.data.csv_marks import Marks
from trimtab.data.csv_scan import scan


@given(st.text(st.sampled_from('a,"\n0'), max_size=40), st.sampled_from([1, 3, 1 << 17]))
def test_it_counts_what_the_scan_of_each_record_counts(text, chunk):
    raw = text.encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv_marks, "_CHUNK", chunk)
        marks = Marks.of(raw, ",")
    try:
        records = scan(raw, ",", "t.csv")
    except DataError:
        assert marks is None
        return
    assert marks.separators == int((records.fields - 1).sum())
    assert marks.breaks == len(records.starts) - (not raw.endswith(b"\n") and len(raw) > 0)


fields = ["7", "0", "-0", "0.5", "-0.5", "", "x", '"x, 01"', '"a""0"', '"a\n07"', "x 07", '"7"']
odd = ["007", "-07", "+4", '"07"', "00.5", " 7", '" 7"']


@given(st.data(), st.integers(1, 4), st.sampled_from([1, 3, 1 << 17]), st.sampled_from(["\n", "\r\n"]))
def test_it_names_the_columns_of_odd_numbers_and_no_other(data, width, chunk, end):
    row = st.lists(st.sampled_from(fields) | st.sampled_from(odd), min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=1, max_size=8))
    raw = "".join(",".join(cells) + end for cells in rows).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv_marks, "_CHUNK", chunk)
        marks = Marks.of(raw, ",")
    assert marks.add_up(len(rows), width)
    wanted = [at for at, cells in enumerate(zip(*rows, strict=True)) if any(cell in odd for cell in cells)]
    assert marks.odd_columns(width) == (wanted if width > 1 or wanted else [])


def test_it_finds_nothing_in_nothing():
    marks = Marks.of(b"", ",")
    assert (marks.separators, marks.breaks, marks.odd_columns(3)) == (0, 0, [])
    assert np.array_equal(Marks.of(b"07", ",").odd, [0])
