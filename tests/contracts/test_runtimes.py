"""What every runtime promises."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from learners import rows
from trimtab.core.errors import BundleError
from trimtab.runtime import RUNTIMES, open_model

SAMPLES = {"onnxrt": "ort-int8", "pytorch": "torch-fp32", "cascade": "cascade"}


@pytest.fixture(params=sorted(RUNTIMES))
def folder(request, made):
    return made[0][SAMPLES[request.param]].folder


def test_it_answers_in_the_order_of_the_rows(folder):
    model, few = open_model(folder), rows(7, seed=3).tokens
    there, back = model(few).probabilities, model(few[::-1]).probabilities
    np.testing.assert_array_equal(there, back[::-1])


def test_it_answers_a_row_alike_alone_and_in_a_batch(folder):
    model, few = open_model(folder), rows(12, seed=3).tokens
    alone = np.concatenate([model([row]).probabilities for row in few])
    np.testing.assert_array_equal(alone, model(few).probabilities)


def test_it_gives_an_embedding_only_when_asked(folder):
    model, few = open_model(folder), rows(5, seed=3).tokens
    assert model(few).embedding is None
    embedding = model(few, embed=True).embedding
    assert embedding is not None
    assert embedding.dtype == np.float32
    assert len(embedding) == 5


def test_it_answers_no_rows_with_no_rows(folder):
    found = open_model(folder)([])
    assert found.probabilities.shape[0] == len(found.stage) == 0


def test_it_names_a_damaged_file(folder, tmp_path):
    copy = tmp_path / "damaged"
    shutil.copytree(folder, copy)
    for path in copy.rglob("model.*"):
        if path.suffix != ".json":
            path.write_bytes(b"broken")
    with pytest.raises(BundleError, match=r"model\.(onnx|pt): .*; copy the bundle again"):
        open_model(copy)


def test_it_names_a_missing_description(folder, tmp_path):
    with pytest.raises(BundleError, match=r"model\.json"):
        open_model(tmp_path)
