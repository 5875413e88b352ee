"""The picture of a selection."""

from __future__ import annotations

import altair as alt
import numpy as np
import polars as pl
import pytest

from trimtab.core.objects import Batch
from trimtab.features.matrix import as_series
from trimtab.features.select.correlation import SelectCorrelation
from trimtab.loop.report.selection import selection

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(80, 40)).astype(np.float32)
BATCH = Batch(pl.DataFrame({"label": ROWS[:, 0] + 0.8 * ROWS[:, 1], "x": as_series(ROWS)}), np.arange(80))


@pytest.mark.parametrize("resamples", [0, 10])
def test_it_is_a_valid_specification_of_the_best_features_and_their_frequency(resamples):
    step = SelectCorrelation(column="x", keep=2, resamples=resamples).learn(BATCH)
    spec = selection(step.summary({}), step.stability)
    alt.LayerChart.validate(spec)
    (rows,) = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    assert len(rows) == 30
    assert [row["feature"] for row in rows if row["standing"] == "kept"] == ["x[0]", "x[1]"]
    assert len(spec["layer"]) == (2 if resamples else 1)
    assert ("stability" in spec["description"]) == bool(resamples)
