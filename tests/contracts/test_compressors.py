"""What every compressor promises."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from learners import CLASSES, rows
from trimtab.compress import COMPRESSORS
from trimtab.compress.job import Job
from trimtab.core.store import folder_hash
from trimtab.runtime import RUNTIMES, open_model


@pytest.fixture(params=sorted(COMPRESSORS))
def again(request, made, tmp_path):
    """What one compressor makes when it is asked a second time for the same."""
    found, trained, valid = made
    compressor = COMPRESSORS.load(request.param)()
    job = Job(trained, rows(300), valid, found, seed=0, drop=0.1)
    return compressor, compressor.compress(job, tmp_path)


def test_it_gives_the_same_model_for_the_same_source_and_seed(again, made):
    for each in again[1]:
        before = made[0][each.name].folder
        if each.runtime == "pytorch":  # TorchScript numbers its classes by process: compare answers
            few = rows(20, seed=5).tokens
            one, two = (open_model(folder)(few).probabilities for folder in (each.folder, before))
            np.testing.assert_array_equal(one, two)
        else:
            assert folder_hash(each.folder) == folder_hash(before), each.name


def test_its_candidates_answer_every_row_with_probabilities_in_the_order_of_the_labels(again):
    for each in again[1]:
        found = open_model(each.folder)(rows(9, seed=4).tokens)
        assert found.probabilities.shape == (9, CLASSES)
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-4)


def test_its_candidates_say_which_runtime_runs_them_and_how_far_they_are_from_their_source(again):
    for each in again[1]:
        config = json.loads((each.folder / "model.json").read_text())
        assert config["runtime"] == each.runtime
        assert each.runtime in RUNTIMES
        assert 0 <= each.parity["moved"] <= 1
        assert all(math.isfinite(value) for value in each.parity.values())


def test_it_needs_only_what_other_compressors_make(again, made):
    assert set(again[0].needs) <= set(made[0])
