"""SplitMix64: its published values, and hashes that may never change: samples and folds follow from them."""

from __future__ import annotations

import numpy as np

from rows import tabular_of
from trimtab.data.sample import rows_of, sample
from trimtab.data.splitmix import mix, row_hash
from trimtab.features import folds

SEQUENCE = (
    6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
)  # fmt: skip
"""The first numbers of SplitMix64 from seed 1234567, as Rosetta Code gives them."""


def test_it_gives_the_published_sequence():
    start = np.array([1234567])
    assert mix(start.astype(np.uint64)).tolist() == [SEQUENCE[0]]
    assert [int(row_hash(start, number)[0]) for number in range(5)] == list(SEQUENCE)


def test_it_hashes_any_id_under_any_seed():
    ids = np.array([-5, 2**63 - 1])
    assert row_hash(ids, 0).tolist() == [1635312068028924514, 3055647633038352039]
    assert row_hash(ids, 2**31).tolist() == [6813884249211231467, 11983923303739622849]


def test_it_draws_the_folds_and_samples_of_earlier_versions():
    ids = np.arange(50) * 7 + 3
    assert folds.fold_of(ids[:8], 5, 3).tolist() == [2, 1, 1, 0, 3, 3, 3, 0]
    assert folds.sample(ids, 6, 2).tolist() == [3, 5, 37, 44, 48, 49]
    drawn = sample(rows_of(tabular_of(50), ["age"]), 6, 2)
    assert sorted(drawn.ids.tolist()) == ids[[3, 5, 37, 44, 48, 49]].tolist()
