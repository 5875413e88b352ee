"""What every runtime offers: rows of token numbers in, probabilities out, the same alone or in a batch."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.core.errors import BundleError

Rows = Sequence[Sequence[int]]
"""Token numbers of each row, unpadded."""

MODEL_FILE = "model.json"


@dataclass(frozen=True, slots=True)
class Output:
    """Answers for n rows, in the order they came.

    `probabilities` (n, classes) float32; `embedding` (n, width) float32 or None; `stage` (n,) int8
    tells which model of a cascade answered (0 everywhere else).
    """

    probabilities: np.ndarray
    embedding: np.ndarray | None
    stage: np.ndarray


class Model(ABC):
    """A loaded model.

    The contract: a row's answer depends on that row alone, to the last bit. Batch-mates, order and
    padding never change it.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], threads: int) -> None:
        self.folder = folder
        self.config = config
        self.threads = threads

    @abstractmethod
    def __call__(self, rows: Rows, embed: bool = False) -> Output:
        """Answer `rows`; with `embed` also give each row's sentence embedding."""


def open_model(folder: Path, threads: int = 1) -> Model:
    """The model in `folder`, by the runtime its model.json names.

    Raises:
        BundleError: model.json is missing or damaged.
    """
    from trimtab.runtime import RUNTIMES

    path = folder / MODEL_FILE
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind = RUNTIMES.load(config["runtime"], place=str(path))
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise BundleError(
            str(path), f"no readable model description ({error!r})", "copy the bundle again"
        ) from error
    model: Model = kind(folder, config, threads)
    return model
