"""Which compressors run, and what they get to start from."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from safetensors.torch import load_file, save_file

from parts.projects import small_project
from trimtab.core.spec_file import read_spec
from trimtab.core.store import Store
from trimtab.loop.learning import data_files, data_stage, feature_stage, train_stage
from trimtab.loop.shrinking import compress_stage
from trimtab.loop.stages import Workshop
from trimtab.models.family import WEIGHTS


@pytest.fixture
def learned(tmp_path):
    """A workshop with the events it told, rows, and a network trained on them for an epoch."""
    read = read_spec(
        small_project(tmp_path / "project", model={"families": ["encoder"], "fit": {"epochs": 1}})
    )
    told: list[dict] = []
    shop = Workshop(read.spec, read.folder, Store(tmp_path / "store"), told.append)
    data, rows = data_stage(shop, data_files(shop, read.place), read.place)
    features, rows = feature_stage(shop, data, rows, read.place)
    return shop, told, rows, train_stage(shop, features, rows)


def with_an_outlier(learnt, folder):
    """The same network in FP32, with one number in its embedding beside which 8 bits see no other."""
    shutil.copytree(learnt.trained.folder, folder)
    weights = load_file(folder / WEIGHTS)
    (last,) = [name for name in weights if name.endswith("layer.1.output.LayerNorm.bias")]
    weights[last][0] = 1e5
    weights["head.weight"][:, 0] = 0
    save_file(weights, folder / WEIGHTS)
    return replace(learnt, trained=replace(learnt.trained, folder=folder))


def test_a_refused_int8_ends_no_cascade_and_teaches_no_student(learned, tmp_path):
    shop, told, rows, learnt = learned
    made, _ = compress_stage(shop, with_an_outlier(learnt, tmp_path / "outlier"), rows)
    assert [(each.name, bool(each.refused)) for each in made] == [
        ("torch-fp32", False),
        ("ort-fp32", False),
        ("ort-int8", True),
    ]
    skipped = {event["stage"]: event["why"] for event in told if event["event"] == "skipped"}
    assert skipped == {
        "student": "ort-int8 was refused",
        "cascade": "there is no student-int8, ort-int8 was refused",
    }
