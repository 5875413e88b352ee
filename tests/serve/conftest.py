"""Bundles and running services for the tests of serving: real models, real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import grpc
import numpy as np
import pytest
from slow_model import alone, slow_model

from tiny import LABELS, WORDS, tiny_model, tiny_tokens
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.serve.load import start_server


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Two hundred texts of one to six words."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS[1:], rng.integers(1, 7))) for _ in range(200)]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Bundle:
    folder = tmp_path_factory.mktemp("tiny")
    model = alone(tiny_model(folder / "model"))
    return write_bundle(folder / "bundle", model, [tiny_tokens()], LABELS, {"name": "tiny"})


@pytest.fixture(scope="session")
def slow(tmp_path_factory) -> Bundle:
    """The tiny model with several milliseconds of matrix products that change nothing."""
    folder = tmp_path_factory.mktemp("slow")
    return write_bundle(
        folder / "bundle", slow_model(folder / "model"), [tiny_tokens()], LABELS, {"name": "slow"}
    )


@pytest.fixture(scope="session")
def cascade(tmp_path_factory) -> Bundle:
    """The tiny model in front of another, slow one; about half of the texts reach the second."""
    folder = tmp_path_factory.mktemp("cascade")
    alone(tiny_model(folder / "model" / "student", seed=1))
    slow_model(folder / "model" / "teacher", seed=2)
    config = {
        "runtime": "cascade",
        "threshold": 0.7,
        "student_temperature": 1.0,
        "teacher_temperature": 1.0,
    }
    (folder / "model" / "model.json").write_text(json.dumps(config))
    return write_bundle(folder / "bundle", folder / "model", [tiny_tokens()], LABELS, {"name": "cascade"})


@pytest.fixture(scope="session")
def server(tiny):
    with start_server(tiny.folder) as running:
        yield running


@pytest.fixture
def channel(server):
    with grpc.insecure_channel(server.grpc_url.removeprefix("http://")) as opened:
        yield opened


@pytest.fixture
def broken_bundle(tiny, tmp_path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny.folder, folder)
    (folder / "model" / "model.onnx").write_bytes(b"not a model")
    return folder
