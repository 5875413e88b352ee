"""ONNX Runtime: the first choice for serving on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from trimtab.core.errors import BundleError
from trimtab.runtime.base import Model, Output, Rows

SLOWER = ["SkipLayerNormFusion"]
"""Fusions that cost time on a CPU. This one's kernel is scalar; bench/runtime.py measures what it costs."""


class OnnxModel(Model):
    """An ONNX graph with inputs `input_ids` and `attention_mask` (rows, tokens) int64.

    Outputs are `probabilities` (rows, classes) and `embedding` (rows, width) float32. Rows are asked one
    at a time and nothing is padded, since nothing else keeps the contract: kernels choose their order of
    summing by the shape of the whole batch, and dynamic INT8 scales activations over all of it. On a CPU
    this costs little (bench/runtime.py). A model.json with
    `"alone": false` groups rows of equal length instead and gives the guarantee up.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], threads: int) -> None:
        super().__init__(folder, config, threads)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = folder / str(config.get("file", "model.onnx"))
        try:
            self._session = ort.InferenceSession(
                str(path),
                sess_options=options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=SLOWER,
            )
        except Exception as error:  # ONNX Runtime raises classes of its own for each cause
            raise BundleError(
                str(path), f"ONNX Runtime cannot load it ({error})", "copy the bundle again"
            ) from error
        self._alone = bool(config.get("alone", True))
        self._classes = int(self._session.get_outputs()[0].shape[-1])
        self._width = int(self._session.get_outputs()[1].shape[-1])

    def __call__(self, rows: Rows, embed: bool = False) -> Output:
        """Answer `rows`, one run for each length among them."""
        names = ["probabilities", "embedding"] if embed else ["probabilities"]
        probabilities = np.empty((len(rows), self._classes), np.float32)
        embedding = np.empty((len(rows), self._width), np.float32) if embed else None
        for positions in _one_by_one(rows) if self._alone else _by_length(rows):
            ids = np.array([rows[at] for at in positions], dtype=np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            found = self._session.run(names, feed)
            probabilities[positions] = found[0]
            if embedding is not None:
                embedding[positions] = found[1]
        return Output(probabilities, embedding, np.zeros(len(rows), np.int8))


def _by_length(rows: Rows) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        groups.setdefault(len(row), []).append(at)
    return list(groups.values())


def _one_by_one(rows: Rows) -> list[list[int]]:
    return [[at] for at in range(len(rows))]
