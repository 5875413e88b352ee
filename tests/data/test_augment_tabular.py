"""Noise on numbers: of the size asked for, and on nothing else."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.augment_tabular import GaussianNoise

N = 2_000


def table(**more: object) -> Batch:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.normal(5, 3, N),
        "count": rng.integers(0, 100, N),
        "same": [2.5] * N,
        "city": ["Bern", ""] * (N // 2),
        "day": [date(2024, 1, 1)] * N,
        "label": rng.integers(0, 2, N),
    }
    return Batch(pl.DataFrame(columns | more), np.arange(N), modality="tabular")


def test_it_adds_noise_of_so_many_deviations_of_the_column():
    batch = table()
    after = GaussianNoise(magnitude=0.2).learn(batch)(batch).columns[N:]
    noise = after["x"].to_numpy() - batch["x"].to_numpy()
    assert noise.std() == pytest.approx(0.2 * batch["x"].std(ddof=0), rel=0.06)
    assert abs(noise.mean()) < 0.06
    assert after["count"].dtype == pl.Int64
    assert (after["count"] - batch["count"]).std() == pytest.approx(0.2 * batch["count"].std(), rel=0.1)


def test_it_changes_neither_label_nor_what_is_no_number_nor_a_column_without_spread():
    batch = table()
    after = GaussianNoise().learn(batch)(batch).columns[N:]
    for name in ("label", "same", "city", "day"):
        assert after[name].equals(batch[name])


def test_it_leaves_missing_and_infinite_values_as_they_are():
    values = [1.0, None, float("nan"), float("inf"), 3.0]
    batch = Batch(pl.DataFrame({"x": values, "y": [1.0, 2, 3, 4, None]}), np.arange(5), modality="tabular")
    step = GaussianNoise().learn(batch)
    assert dict(step.spreads)["x"] == 1.0
    made = step(batch)["x"][5:].to_list()
    assert made[1] is None
    assert np.isnan(made[2])
    assert made[3] == float("inf")
    assert made[0] != 1.0


def test_it_keeps_integers_within_their_type():
    batch = Batch(pl.DataFrame({"x": pl.Series([0, 255] * 50, dtype=pl.UInt8)}), np.arange(100), "tabular")
    after = GaussianNoise(magnitude=2.0).learn(batch)(batch)
    assert after["x"].null_count() == 0
    assert after["x"].dtype == pl.UInt8


def test_it_shakes_only_the_columns_named_and_these_must_be_numbers():
    batch = table()
    after = GaussianNoise(columns=("x",)).learn(batch)(batch).columns[N:]
    assert after["count"].equals(batch["count"])
    with pytest.raises(DataError, match="column 'city' holds text, not numbers; give it as numbers"):
        GaussianNoise(columns=("city",)).learn(batch)


def test_it_adds_nothing_where_there_are_no_numbers():
    batch = Batch(pl.DataFrame({"city": ["a", "b"]}), np.arange(2), modality="tabular")
    assert len(GaussianNoise().learn(batch)(batch)) == 2
