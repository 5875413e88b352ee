"""Feature steps by themselves: one that makes no feature of X says so, and what it would take."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.features import FEATURES, steps
from trimtab.features.feature import Feature
from trimtab.features.matrix import as_series

pandas = pytest.importorskip("pandas")

TAKES: dict[str, tuple[str, tuple[Any, ...]]] = {
    **dict.fromkeys(("Scale", "Lags", "Rolling", "SelectVariance", "SelectCorrelation"), ("numbers", (1, 2))),
    **dict.fromkeys(
        ("SelectMutualInfo", "SelectImportance", "SelectPermutation", "SelectRfe"), ("numbers", (1, 2))
    ),
    **dict.fromkeys(("OneHot", "Ordinal", "TargetEncode"), ("text and truth values", ("a", "b"))),
    "Dates": ("dates", (date(2024, 1, 1), date(2024, 1, 2))),
    "Fuse": ("columns of features", ()),
}
"""What each step chooses by itself, and two such values."""
NOTHING = pl.DataFrame({"time": [1, 2], "list": [[1], [2]]})
LABELS = ["p", "q"]


def named(name: str) -> Any:
    """The step; of the columns of X, `time` orders its rows or is left out."""
    kind = getattr(steps, name)
    return kind() if name in ("Lags", "Rolling") or "label" not in kind().get_params() else kind(label="time")


def test_every_step_that_chooses_columns_by_their_type_is_looked_at():
    choosing = [FEATURES.load(name) for name in FEATURES]
    assert {kind.__name__ for kind in choosing if issubclass(kind, Feature) and kind.takes} == {*TAKES}


@pytest.mark.parametrize("name", TAKES)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_a_step_without_a_column_that_it_takes_says_which_there_are_and_what_it_takes(name, method):
    step = named(name)
    y = LABELS if step.as_step().needs_label and step.label != "time" else None
    with pytest.raises(DataError) as caught:
        getattr(step, method)(NOTHING, y)
    said = str(caught.value)
    assert said.startswith(f"step {step.entry.name}: makes no feature of time Int64, list List; it takes ")
    assert f"it takes {TAKES[name][0]}" in said
    assert said.endswith(": give it some, name them in `columns`, or leave it out")
    assert not hasattr(step, "step_")


@pytest.mark.parametrize("name", [name for name in TAKES if name != "Fuse"])
@pytest.mark.parametrize("rows", [2, 0])
def test_one_column_that_it_takes_is_enough_even_without_rows(name, rows):
    step = named(name)
    frame = NOTHING.with_columns(pl.Series("own", TAKES[name][1])).head(rows)
    made = step.fit_transform(frame, None)
    assert made.shape[0] == rows
    assert made.shape[1] > 0


def test_fuse_takes_a_column_of_features():
    frame = pl.DataFrame({"own": as_series(np.ones((2, 3), np.float32))})
    assert steps.Fuse().fit_transform(frame).shape == (2, 3)


def test_it_lists_ten_columns_of_many():
    table = pandas.DataFrame({f"c{at}": ["a", "b"] for at in range(12)})
    with pytest.raises(DataError, match=r"of c0 String, .*, c9 String and 2 more; it takes numbers"):
        steps.Scale().fit(table)


def test_a_selection_that_keeps_nothing_is_an_answer():
    same = pl.DataFrame({"own": [1.0, 1.0, 1.0]})
    assert steps.SelectVariance().fit_transform(same).shape == (3, 0)


@pytest.mark.parametrize("name", ["scale", "dates", "one_hot", "fuse"])
def test_in_a_chain_a_table_may_lack_the_columns_of_a_step(name):
    batch = Batch(NOTHING.select("list"), np.arange(2), "tabular")
    assert FEATURES.load(name)().learn(batch)(batch).columns.columns == ["list", name]
