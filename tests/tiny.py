"""A real but tiny bundle, made in milliseconds: a word-level tokenizer, an ONNX mean of embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from trimtab.core.bundle import Bundle, write_bundle
from trimtab.features.tokens import Tokens
from trimtab.monitor.profile import reference_profile
from trimtab.runtime.predict import load

LABELS = ("card", "cash", "transfer")
WORDS = (
    "[UNK]",
    "card",
    "lost",
    "stolen",
    "cash",
    "atm",
    "withdraw",
    "transfer",
    "send",
    "money",
    "my",
    "the",
    "i",
)
_WIDTH = 8


def tiny_tokens() -> Tokens:
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return Tokens(tokenizer=tokenizer.to_str(), max_length=32)


def tiny_model(folder: Path, seed: int = 0) -> Path:
    """An ONNX graph with the inputs and outputs that `OnnxModel` expects; words lean to their label."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    table = rng.normal(0, 0.1, (len(WORDS), _WIDTH)).astype(np.float32)
    for at in range(1, 10):
        table[at, (at - 1) // 3] += 3
    head = np.eye(_WIDTH, len(LABELS), dtype=np.float32)
    constants = {
        "table": table,
        "head": head,
        "axis": np.array([1], np.int64),
        "last": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["words", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["wide", "axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "head"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", len(LABELS)]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", _WIDTH]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps({"runtime": "onnxrt", "file": "model.onnx"}))
    return folder


def tiny_bundle(folder: Path, seed: int = 0) -> Bundle:
    model = tiny_model(folder.parent / f"{folder.name}-model", seed)
    return write_bundle(
        folder, model, [tiny_tokens()], LABELS, {"name": "tiny", "task": "text-classification"}
    )


KNOWN, NEW = WORDS[1:10], ("bitcoin", "refund", "my", "the")
"""Words of the traffic that `profiled_bundle` was made for, and of other traffic."""


def texts(rng: np.random.Generator, rows: int, words: tuple[str, ...] = KNOWN) -> list[str]:
    return [" ".join(rng.choice(words, rng.integers(2, 7))) for _ in range(rows)]


def profiled_bundle(folder: Path, manifest: dict, train_rows: int, valid_rows: int) -> Bundle:
    """A tiny bundle with a reference profile of random texts."""
    rng = np.random.default_rng(0)
    model = tiny_model(folder / "model")
    bare = load(write_bundle(folder / "bare", model, [tiny_tokens()], LABELS, {}).folder)
    train, valid = bare.output(texts(rng, train_rows), embed=True), texts(rng, valid_rows)
    profile = reference_profile(train.embedding, valid, bare.output(valid, embed=True), LABELS)
    return write_bundle(folder / "profiled", model, [tiny_tokens()], LABELS, manifest, profile)
