"""Outliers: a range learnt from train, by column; a text counts by its length."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import batch_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.outliers import Iqr, ZScore

VALUES = [1.0, 2.0, 3.0, 4.0, 100.0, None, float("nan")]
NUMBERS = Batch(pl.DataFrame({"text": ["t"] * 7, "n": VALUES}), np.arange(7))


def test_it_drops_what_lies_beyond_tukeys_fences():
    step = Iqr(columns=("n",)).learn(NUMBERS)
    assert step.bounds == (("n", -1.0, 7.0),)
    after = step(NUMBERS)
    assert after.ids.tolist() == [0, 1, 2, 3, 5, 6]
    assert after.dropped[0].reason == "n 100 is outside -1 to 7 (iqr)"


def test_it_drops_what_lies_beyond_so_many_standard_deviations():
    values = np.array(VALUES[:5], float)
    step = ZScore(columns=("n",), limit=1.5).learn(NUMBERS)
    (_, low, high) = step.bounds[0]
    assert (low, high) == pytest.approx(
        (values.mean() - 1.5 * values.std(), values.mean() + 1.5 * values.std())
    )
    assert [drop.id for drop in step(NUMBERS).dropped] == [4]


@pytest.mark.parametrize("kind", [Iqr, ZScore])
def test_it_measures_a_text_by_its_characters(kind):
    batch = batch_of([*["卡" * (10 + at % 3) for at in range(30)], "长" * 500])
    after = kind().learn(batch)(batch)
    assert [drop.id for drop in after.dropped] == [int(batch.ids[-1])]
    assert after.dropped[0].reason.startswith("length of text 500 is outside")


@pytest.mark.parametrize("kind", [Iqr, ZScore])
def test_it_drops_nothing_where_all_values_are_alike(kind):
    batch = Batch(pl.DataFrame({"text": ["x"] * 7, "n": [0.1] * 7}), np.arange(7))
    assert len(kind(columns=("n", "text")).learn(batch)(batch)) == 7


def test_it_refuses_a_column_that_is_neither_number_nor_text():
    batch = Batch(pl.DataFrame({"text": ["x"], "on": [True]}), np.arange(1))
    with pytest.raises(DataError, match="column 'on' holds Boolean"):
        Iqr(columns=("on",)).learn(batch)
