"""PyTorch, for the uncompressed model: the reference, not what one deploys."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trimtab.core.errors import BundleError
from trimtab.runtime.base import Model, Output, Rows


class TorchModel(Model):
    """A TorchScript file with the inputs and outputs of `OnnxModel`, one row at a time.

    It is frozen as it is loaded: what depends on weights alone, such as the table of `bigrams`, is computed
    once and not at each call. The answers stay as they were to the last bit.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], threads: int) -> None:
        super().__init__(folder, config, threads)
        path = folder / str(config.get("file", "model.pt"))
        torch.set_num_threads(threads)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TorchScript is deprecated, and still the light way to load
                loaded = torch.jit.load(str(path)).eval()
                self._network = torch.jit.freeze(loaded, optimize_numerics=False)
        except (RuntimeError, ValueError) as error:
            raise BundleError(
                str(path), f"PyTorch cannot load it ({error})", "copy the bundle again"
            ) from error

    def __call__(self, rows: Rows, embed: bool = False) -> Output:
        """Answer `rows`."""
        if not rows:
            return Output(np.empty((0, 0), np.float32), None, np.zeros(0, np.int8))
        probabilities, embeddings = [], []
        with torch.inference_mode():
            for row in rows:
                ids = torch.tensor([list(row)])
                answer, embedding = self._network(ids, torch.ones_like(ids))
                probabilities.append(answer.numpy())
                embeddings.append(embedding.numpy())
        return Output(
            np.concatenate(probabilities),
            np.concatenate(embeddings) if embed else None,
            np.zeros(len(rows), np.int8),
        )
