"""Oversampling: classes of equal size, and the rows that imbalanced-learn makes up."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE

from rows import blocks_of, tabular_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.oversample import Oversample


def table(rows: int = 60, **more: object) -> Batch:
    """Two numbers, a class of 2/3, one of 1/4 and one of 1/12 of the rows."""
    rng = np.random.default_rng(1)
    columns = {
        "x": rng.normal(0, 1, rows),
        "y": rng.normal(0, 1000, rows),
        "label": ["rare" if at % 12 == 0 else "some" if at % 4 == 1 else "many" for at in range(rows)],
    }
    return Batch(pl.DataFrame(columns | more), np.arange(rows) * 3, modality="tabular")


def counts(batch: Batch) -> dict[str, int]:
    return dict(batch["label"].value_counts().iter_rows())


@pytest.mark.parametrize("method", ["random", "smote"])
def test_it_brings_every_class_to_the_ratio_of_the_largest(method):
    batch = table()
    before = counts(batch)
    assert before == {"many": 40, "some": 15, "rare": 5}
    assert counts(Oversample(method=method).learn(batch)(batch)) == dict.fromkeys(before, 40)
    some = Oversample(method=method, ratio=0.3).learn(batch)(batch)
    assert counts(some) == {"many": 40, "some": 15, "rare": 12}


def test_it_repeats_every_row_of_a_class_about_equally_often():
    batch = table()
    step = Oversample().learn(batch)
    after = step(batch)
    sources = after.ids[60:] % (step.base + 1)
    label = dict(zip(batch.ids.tolist(), batch["label"], strict=True))
    assert [label[row] for row in sources.tolist()] == after["label"][60:].to_list()
    times = np.unique(sources, return_counts=True)[1]
    assert set(times) <= {1, 2, 7}  # 25 rows from 15, 35 rows from 5
    x = dict(zip(batch.ids.tolist(), batch["x"], strict=True))
    assert [x[row] for row in sources.tolist()] == after["x"][60:].to_list()


def test_it_makes_up_the_rows_of_imbalanced_learn():
    batch = table()
    made = Oversample(method="smote", seed=4).learn(batch)(batch).columns[60:]
    values = batch.columns.select("x", "y").to_numpy()
    centre, spread = values.mean(axis=0), values.std(axis=0)
    for label, wanted in (("rare", 35), ("some", 25)):
        own = (batch["label"] == label).to_numpy()
        sampler = SMOTE(sampling_strategy={1: 40}, random_state=4, k_neighbors=min(5, int(own.sum()) - 1))
        grown, _ = sampler.fit_resample((values - centre) / spread, own.astype(int))
        ours = made.filter(pl.col("label") == label).select("x", "y").to_numpy()
        theirs = grown[60:] * spread + centre
        assert len(ours) == wanted
        assert ours[np.lexsort(ours.T)] == pytest.approx(theirs[np.lexsort(theirs.T)])


def test_it_makes_up_categories_dates_and_integers_that_exist():
    more = {
        "city": [("Bern", "", "上海")[at % 3] for at in range(60)],
        "on": [at % 5 == 0 for at in range(60)],
        "visits": [at % 9 for at in range(60)],
        "since": [date(2020, 1, 1) + timedelta(days=at) for at in range(60)],
    }
    batch = table(**more)
    after = Oversample(method="smote").learn(batch)(batch)
    made = after.columns[60:]
    assert after.columns.schema == batch.columns.schema
    assert made.null_count().sum_horizontal().item() == 0
    assert set(made["city"]) <= {"Bern", "", "上海"}
    assert made["visits"].is_between(0, 8).all()
    assert made["since"].is_between(date(2020, 1, 1), date(2020, 2, 29)).all()


def test_it_knows_tables_of_nothing_but_categories():
    columns = {"city": ["a", "b", "c"] * 20, "label": ["n"] * 50 + ["y"] * 10}
    batch = Batch(pl.DataFrame(columns), np.arange(60), modality="tabular")
    assert counts(Oversample(method="smote").learn(batch)(batch)) == {"n": 50, "y": 50}


@pytest.mark.parametrize("method", ["random", "smote"])
@pytest.mark.parametrize("parts", [2, 7])
def test_it_adds_the_same_rows_block_by_block(method, parts, tmp_path):
    batch = table(city=["a", "b"] * 30)
    whole = Oversample(method=method).learn(batch)
    blocks = blocks_of(batch, parts)
    step = Oversample(method=method).learn_blocks(blocks[::-1])
    save_steps([step], tmp_path)
    (step,) = load_steps(tmp_path, STEPS)
    pieces = [step(block) for block in blocks]
    frames = [piece.columns.with_columns(pl.Series("#", piece.ids)) for piece in pieces]
    after = whole(batch)
    assert pl.concat(frames).sort("#").equals(after.columns.with_columns(pl.Series("#", after.ids)).sort("#"))
    assert len(np.unique(after.ids)) == len(after) == 120


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=30))
def test_it_never_shrinks_a_class_nor_gives_one_more_than_the_largest(labels):
    columns = {"x": np.arange(len(labels), dtype=float), "label": pl.Series(labels, dtype=pl.String)}
    batch = Batch(pl.DataFrame(columns), np.arange(len(labels)), modality="tabular")
    before, after = counts(batch), counts(Oversample().learn(batch)(batch))
    most = max([rows for label, rows in before.items() if label is not None], default=0)
    assert after == {label: rows if label is None else most for label, rows in before.items()}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            {"x": [None] * 7 + [1.0] * 53},
            "column 'x' has 7 missing values, and SMOTE knows none; put `impute`",
        ),
        ({"x": [float("nan")] + [1.0] * 59}, "column 'x' has 1 missing values"),
        ({"x": [float("inf")] + [1.0] * 59}, "column 'x' holds infinite values"),
        ({"x": [[1.0]] * 60}, r"column 'x' holds List\(Float64\), which SMOTE cannot make up"),
        ({"label": ["one"] + ["many"] * 59}, "class 'one' has one row, and SMOTE needs two"),
    ],
)
def test_it_refuses_what_smote_cannot_do(column, message):
    with pytest.raises(DataError, match=message):
        Oversample(method="smote").learn(table(**column))


def test_it_smotes_an_imputed_table():
    batch = STEPS.load("impute")().learn(tabular_of(40))(tabular_of(40))
    assert len(set(counts(Oversample(method="smote").learn(batch)(batch)).values())) == 1
