"""Models for the tests of serving: one row at a time, and as slow as wanted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tiny import LABELS, tiny_model

WIDTH = 8


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
    return alone(folder)


def alone(folder: Path) -> Path:
    """Have the runtime give the model one row at a time: its matrix products round differently in company."""
    (folder / "model.json").write_text(json.dumps({"runtime": "onnxrt", "file": "model.onnx", "alone": True}))
    return folder
