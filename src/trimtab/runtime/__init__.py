"""Runtimes execute a model file; `open_model` reads which one a folder needs."""

from trimtab.core.registry import Registry
from trimtab.runtime.base import Model, Output, open_model

RUNTIMES = Registry(
    "runtime",
    "trimtab.runtime",
    {
        "onnxrt": "trimtab.runtime.onnxrt:OnnxModel",
        "pytorch": "trimtab.runtime.pytorch:TorchModel",
        "cascade": "trimtab.runtime.cascade:Cascade",
    },
)

__all__ = ["RUNTIMES", "Model", "Output", "open_model"]
