"""A real cascade, trained in seconds: a static student and MiniLM, their heads fitted to Banking77."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch

from parts.projects import banking77, few_rows
from parts.static_bundle import softmax_layer, static_bundle
from trimtab.compress.fp32 import export
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.step import load_steps
from trimtab.features import FEATURES
from trimtab.models.fit import predict
from trimtab.models.pretrained import MiniLM
from trimtab.runtime.base import open_model


def real_cascade(folder: Path) -> tuple[Bundle, list[str], list[str]]:
    """The bundle, and test texts with their labels; the student is sure of half of the texts."""
    train, test = (few_rows(banking77() / f"{part}.csv") for part in ("train", "test"))
    texts, truth = [text for text, _ in test], [label for _, label in test]
    student = static_bundle(folder / "student", tuple(zip(*train, strict=True)), texts)
    (tokens,) = load_steps(student.folder, FEATURES)
    model = folder / "model"
    shutil.copytree(student.model, model / "student")
    number = {label: at for at, label in enumerate(student.labels)}
    _teacher(tokens.rows([text for text, _ in train]), [number[label] for _, label in train], model)
    confidence = open_model(model / "student")(tokens.rows(texts)).probabilities.max(axis=1)
    config = {
        "runtime": "cascade",
        "threshold": float(np.median(confidence)),
        "student_temperature": 1.0,
        "teacher_temperature": 1.0,
    }
    (model / "model.json").write_text(json.dumps(config))
    bundle = write_bundle(folder / "bundle", model, [tokens], student.labels, {"name": "cascade"})
    return bundle, texts, truth


def _teacher(rows: list[list[int]], classes: list[int], folder: Path) -> None:
    """MiniLM as it was pretrained, with a softmax layer over its embeddings, to `folder`/teacher."""
    family = MiniLM()
    network = family.build(family.blueprint(max(classes) + 1, 0.0), fresh=True)
    weight, bias = softmax_layer(predict(network, rows)[1], np.array(classes))
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weight.T))
        network.head.bias.copy_(torch.from_numpy(bias))
    export(network, folder / "teacher")
