"""Bundles and running services for the tests of serving: real models, real processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import grpc
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tiny import LABELS, WORDS, tiny_bundle, tiny_model, tiny_tokens
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.serve.load import start_server

WIDTH = 8


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Two hundred texts of one to six words."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS[1:], rng.integers(1, 7))) for _ in range(200)]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle")


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
    tiny_model(folder / "model" / "student", seed=1)
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


def slow_model(folder: Path, seed: int = 0, wide: int = 1024, rounds: int = 24) -> Path:
    """The tiny model whose logits get zero times the sum of some heavy matrix products added."""
    tiny_model(folder, seed)
    model = onnx.load(folder / "model.onnx")
    square = np.full((wide, wide), 1 / wide, np.float32)
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.ones((WIDTH, wide), np.float32), "widen"),
            numpy_helper.from_array(square, "square"),
            numpy_helper.from_array(np.zeros((wide, len(LABELS)), np.float32), "nothing"),
        ]
    )
    steps = [helper.make_node("MatMul", ["embedding", "widen"], ["h0"])]
    steps += [helper.make_node("MatMul", [f"h{at}", "square"], [f"h{at + 1}"]) for at in range(rounds)]
    steps += [
        helper.make_node("MatMul", [f"h{rounds}", "nothing"], ["zero"]),
        helper.make_node("Add", ["logits", "zero"], ["slow_logits"]),
    ]
    nodes = list(model.graph.node)
    softmax = nodes.pop()
    softmax.input[0] = "slow_logits"
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *steps, softmax])
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps({"runtime": "onnxrt", "file": "model.onnx", "alone": True}))
    return folder


@pytest.fixture
def broken_bundle(tiny, tmp_path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny.folder, folder)
    (folder / "model" / "model.onnx").write_bytes(b"not a model")
    return folder
