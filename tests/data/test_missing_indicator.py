"""Where a value was missing, as a column."""

from __future__ import annotations

import numpy as np
import polars as pl

from trimtab.core.objects import Batch
from trimtab.data.missing_indicator import MissingIndicator

BATCH = Batch(
    pl.DataFrame(
        {
            "a": [1.0, None, float("nan")],
            "kind": ["", None, "x"],
            "full": [1, 2, 3],
            "label": ["x", None, "y"],
        }
    ),
    np.arange(3),
    "tabular",
)


def test_it_marks_nulls_and_nan_but_no_empty_string():
    after = MissingIndicator().learn(BATCH)(BATCH).columns
    assert after.columns == ["a", "kind", "full", "label", "a_missing", "kind_missing"]
    assert after["a_missing"].to_list() == [False, True, True]
    assert after["kind_missing"].to_list() == [False, True, False]


def test_it_adds_the_columns_that_train_had_gaps_in_whatever_comes_later():
    later = Batch(pl.DataFrame({"kind": ["y"], "full": [None]}), np.arange(1), "tabular")
    after = MissingIndicator().learn(BATCH)(later).columns
    assert after.columns == ["kind", "full", "kind_missing"]
