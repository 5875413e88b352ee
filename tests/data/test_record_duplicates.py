"""Records of one thing: likeness by field, blocking, weights."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trimtab.core.columns import ANY
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.record_duplicates import RecordDuplicates
from trimtab.data.records import field_likeness, information, similar_records

PEOPLE = {
    "name": ["Anna Weber", "Anna  weber", "Bo Li", "Ana Weber", "Carl Gustafsson", None],
    "city": ["Bern", "Bern", "上海", "Bern", "Malmö", None],
    "born": [date(1980, 1, 2), date(1980, 1, 2), date(1975, 5, 5), date(1980, 1, 3), date(1990, 9, 9), None],
    "income": [50_000.0, 50_000.0, 40_000.0, None, 61_000.0, None],
}


def people() -> Batch:
    return Batch(pl.DataFrame(PEOPLE), np.arange(6), modality="tabular")


def test_it_drops_records_that_differ_by_slips():
    after = RecordDuplicates(similarity=0.85).learn(people())(people())
    assert after.ids.tolist() == [0, 2, 4, 5]
    assert after.dropped[0].reason == "record like row 0 (similarity 1.00)"


def test_it_keeps_the_most_complete_record_if_asked():
    batch = Batch(people().columns[::-1], np.arange(6), modality="tabular")
    assert RecordDuplicates(similarity=0.85, keep="most_complete").learn(batch)(batch).ids.tolist() == [
        0,
        1,
        3,
        4,
    ]


def test_it_compares_within_blocks_alone():
    step = RecordDuplicates(similarity=0.85, block=("born",)).learn(people())
    assert step.gone.tolist() == [1]
    joined = RecordDuplicates(similarity=0.85, block=("born+city",)).learn(people())
    assert joined.gone.tolist() == [1]


def test_it_asks_for_columns_that_exist():
    with pytest.raises(DataError, match="no column 'nme'; did you mean 'name'"):
        RecordDuplicates(block=("nme",)).learn(people())
    with pytest.raises(DataError, match="no column 'cty'"):
        RecordDuplicates(weights={"cty": 2.0}).learn(people())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["night", "nacht"], 0.25),  # Dice of bigrams: ht of four and four
        (["weber", "weber"], 1.0),
        ([100.0, 95.0], 0.5),
        ([100, 200], 0.0),
        ([0.0, -0.0], 1.0),
        ([1e308, -1e308], 0.0),
        ([date(2024, 1, 1), date(2024, 1, 16)], 0.5),
        ([True, False], 0.0),
    ],
)
def test_its_likeness_of_two_values_is_known(values, expected):
    found = field_likeness(pl.Series(values), np.array([0]), np.array([1]))
    assert found.tolist() == pytest.approx([expected])


def test_it_tells_before_any_row_is_read_which_columns_of_keys_and_weights_are_not_there():
    step = RecordDuplicates(block=("name+born", "town"), weights={"incme": 2.0})
    found = [fault.problem for fault in step.check(dict.fromkeys(PEOPLE, ANY))]
    assert found == ["no column 'town'", "no column 'incme'"]
    assert list(step.check(None)) == []


def test_it_weighs_a_column_by_the_information_of_an_agreement():
    assert information(pl.Series(["a", "b"] * 50)) == pytest.approx(1.0)
    assert information(pl.Series(["a"] * 9)) == 0
    assert information(pl.Series([None, None], dtype=pl.String)) == 0


def test_it_makes_nothing_of_an_agreement_in_a_minor_field_alone():
    frame = pl.DataFrame({"code": ["a", None, "b", "c"], "state": ["x", "x", "x", "y"]})
    found = similar_records(frame, frame.columns, [("state",)], {"code": 5.0, "state": 1.0}, 0.9, 10)
    assert len(found.left) == 0


ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not (ROOT / "../shared/data/dup_febrl").is_dir(), reason="needs ../shared/data/dup_febrl")
def test_it_finds_the_people_of_febrl():
    from parts.duplicates_real import febrl

    found = febrl()
    assert found["f1"] > 0.95
