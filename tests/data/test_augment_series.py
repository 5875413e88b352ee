"""Series copies, against the formulas of the papers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import curves_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.augment_series import Jitter, MagnitudeScale, WindowSlice, WindowWarp

SERIES = np.sin(np.arange(50) / 4)


def series_batch(*series, kind=pl.Float64) -> Batch:
    values = pl.Series(series, dtype=pl.List(kind))
    return Batch(pl.DataFrame({"values": values}), np.arange(len(series)), modality="series")


def test_it_jitters_by_its_share_of_the_series_own_deviation():
    noise = Jitter(magnitude=0.5).bend(100 * SERIES.repeat(200), np.random.default_rng(0)) / 100
    assert np.std(noise - SERIES.repeat(200)) == pytest.approx(0.5 * np.std(SERIES), rel=0.03)


def test_it_scales_all_points_by_one_factor_around_one():
    lifted = SERIES + 2
    factors = [MagnitudeScale().bend(lifted, np.random.default_rng(seed)) / lifted for seed in range(400)]
    assert all(np.allclose(each[1:], each[1]) for each in factors)
    means = [each[1] for each in factors]
    assert np.mean(means) == pytest.approx(1, abs=0.02)
    assert np.std(means) == pytest.approx(0.1, abs=0.015)


def test_it_slices_as_le_guennec_does():
    """A slice of 90 %, interpolated to full length (as Iwana and Uchida's (2021) code does)."""
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    start = int(same.integers(50 - 45 + 1))
    piece = SERIES[start : start + 45]
    wanted = np.interp(np.linspace(0, 44, num=50), np.arange(45), piece)
    assert WindowSlice().bend(SERIES, rng) == pytest.approx(wanted)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_it_warps_as_le_guennec_does(factor):
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    step = WindowWarp(magnitude=0.2, factors=(factor,))
    start = int(same.integers(1, 50 - 10))
    window = SERIES[start : start + 10]
    inside = np.interp(np.linspace(0, 9, num=int(10 * factor)), np.arange(10), window)
    warped = np.concatenate((SERIES[:start], inside, SERIES[start + 10 :]))
    wanted = np.interp(np.arange(50), np.linspace(0, 49, num=len(warped)), warped)
    assert step.bend(SERIES, rng) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", [Jitter, MagnitudeScale, WindowSlice, WindowWarp])
def test_it_keeps_length_and_never_fills_a_missing_point(kind):
    batch = series_batch([None if at == 20 else float(at % 7) for at in range(40)], None, [None, None])
    after = kind().learn(batch)(batch)
    assert after.ids.tolist() == [0, 1, 2, 3]
    made = after["values"][3]
    assert len(made) == 40
    assert 1 <= made.null_count() <= 4
    assert made.is_finite().drop_nulls().all()


@pytest.mark.parametrize("kind", [Jitter, MagnitudeScale, WindowSlice, WindowWarp])
def test_it_makes_floats_of_integers_whether_it_copies_or_not(kind):
    batch = series_batch([3, 4, 5, 9, 1, 2, 3, 4], kind=pl.Int32)
    step = kind().learn(batch)
    assert step(batch).columns.schema == step(batch.take(np.array([], int))).columns.schema
    assert step(batch)["values"].dtype == pl.List(pl.Float64)
    assert len(step(batch)) == 2


def test_it_does_not_copy_what_it_cannot_change():
    batch = series_batch([1.0], [2.0, 2.0])
    assert len(WindowWarp().learn(batch)(batch)) == 2
    assert len(WindowSlice().learn(batch)(batch)) == 2
    assert len(Jitter().learn(batch)(batch)) == 2  # no spread, no noise


def test_it_wants_a_column_of_lists():
    batch = curves_of(3)
    flat = batch.with_columns(values=pl.Series([1.0, 2.0, 3.0]))
    with pytest.raises(DataError, match="column 'values' holds Float64; give one whole series a row"):
        Jitter().learn(batch)(flat)
    with pytest.raises(DataError, match="no column 'curve'"):
        Jitter(values="curve").learn(batch)(batch)
