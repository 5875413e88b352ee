"""Exports a network to ONNX, its attention fused; nothing is lost but overhead."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any, ClassVar

import torch

from trimtab.compress.job import Compressor, Job, answers_of, collapsed, parity
from trimtab.core.objects import Candidate
from trimtab.models.family import TextClassifier, load_network
from trimtab.models.fit import predict

OPSET = 17


class Fp32(Compressor):
    """The uncompressed model under ONNX Runtime: the strong baseline."""

    name: ClassVar[str] = "fp32"

    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidate `ort-fp32`."""
        network = load_network(job.trained.folder)
        made = export(network, folder / "ort-fp32")
        found = parity(answers_of(made, job.valid), predict(network, job.valid.tokens)[0])
        if _encoder_config(network) is not None:
            found["fused_layers"] = float(fused_layers(made))
        return [Candidate("ort-fp32", made, "onnxrt", 0, "torch-fp32", found, refused=collapsed(found))]


class Answering(torch.nn.Module):
    """A classifier as it is served: probabilities and embedding."""

    def __init__(self, network: TextClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        embedding = self.network.embed(input_ids, attention_mask)
        return self.network.head(embedding).softmax(dim=-1), embedding


def export(network: TextClassifier, folder: Path) -> Path:
    """Write `model.onnx` and `model.json`; transformers get fused attention, where all their layers can.

    The TorchScript exporter is used on purpose: graphs of the dynamo exporter are not recognised by
    ONNX Runtime's attention fusion (0 of 6 nodes on MiniLM, against 6 of 6).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    example = torch.ones(2, 5, dtype=torch.int64)
    rows = {0: "rows"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns that it is the older one
        torch.onnx.export(
            Answering(network).eval(),
            (example, example),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["probabilities", "embedding"],
            dynamic_axes={
                "input_ids": {0: "rows", 1: "tokens"},
                "attention_mask": {0: "rows", 1: "tokens"},
                "probabilities": rows,
                "embedding": rows,
            },
            opset_version=OPSET,
            dynamo=False,
        )
    config = _encoder_config(network)
    if config is None:
        _fold(path)
    else:
        _fuse(path, config)
    (folder / "model.json").write_text(
        json.dumps({"runtime": "onnxrt", "file": "model.onnx"}), encoding="utf-8"
    )
    return folder


def _encoder_config(network: TextClassifier) -> Any:
    encoder = getattr(network, "encoder", None)
    return getattr(encoder, "config", None)


def fused_layers(folder: Path) -> int:
    """Layers whose attention is one node of the graph in `folder`."""
    import onnx

    graph = onnx.load(folder / "model.onnx").graph
    return sum(node.op_type == "Attention" for node in graph.node)


def _fold(path: Path) -> None:
    """Compute what depends on weights alone, once and for all."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _fuse(path: Path, config: Any) -> None:
    """Fuse the attention of every layer, or leave the graph as it is: slower, and the same answers."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    logging.getLogger("onnxruntime.transformers").setLevel(logging.ERROR)
    options = FusionOptions("bert")
    options.enable_skip_layer_norm = False  # slower on a CPU: see runtime/onnxrt.py
    options.enable_bias_skip_layer_norm = False
    fused = optimizer.optimize_model(
        str(path),
        model_type="bert",
        num_heads=int(config.num_attention_heads),
        hidden_size=int(config.hidden_size),
        opt_level=0,
        optimization_options=options,
    )
    if int(fused.get_fused_operator_statistics()["Attention"]) == int(config.num_hidden_layers):
        fused.save_model_to_file(str(path))
