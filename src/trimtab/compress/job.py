"""What every compressor gets and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from trimtab.core.machine import threads
from trimtab.core.objects import Candidate, Trained
from trimtab.models.batches import Examples
from trimtab.models.fit import Tell, silent
from trimtab.runtime.base import open_model

MOST_MOVED = 0.05
"""Share of validation rows whose label may change against the source; above it the model has collapsed."""


_SHARE = 512
"""Rows that one thread takes at a time."""


@dataclass(frozen=True)
class Job:
    """One turn of compression: the trained model, its rows, and the candidates made so far.

    `drop` is the accuracy that the deployed model may give up (share of one).
    """

    trained: Trained
    train: Examples
    valid: Examples
    made: Mapping[str, Candidate]
    seed: int
    drop: float
    tell: Tell = silent


class Compressor(ABC):
    """Makes one or more candidates, each in a folder of its own below `folder`."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Candidates that must have been made before."""

    @abstractmethod
    def compress(self, job: Job, folder: Path) -> list[Candidate]:
        """The candidates, unmeasured, each checked for parity with its source."""


def parity(answers: np.ndarray, source: np.ndarray) -> dict[str, float]:
    """How far probabilities (rows, classes) are from the source's.

    `moved` is the share of rows whose label changed, `distance` the largest difference of a
    probability, `sqnr_db` the signal-to-quantisation-noise ratio in dB, at most 200.
    """
    noise = float(((answers - source) ** 2).sum())
    signal = float((source**2).sum())
    return {
        "moved": float((answers.argmax(axis=1) != source.argmax(axis=1)).mean()),
        "distance": float(np.abs(answers - source).max()),
        "sqnr_db": float(10 * np.log10(signal / max(noise, signal * 1e-20))),
    }


def answers_of(folder: Path, rows: Examples) -> np.ndarray:
    """Probabilities (rows, classes) of the model in `folder`, asked from every thread we may use."""
    model = open_model(folder)
    starts = range(0, len(rows), _SHARE)
    with ThreadPoolExecutor(threads()) as pool:
        parts = list(pool.map(lambda at: model(rows.tokens[at : at + _SHARE]).probabilities, starts))
    return np.concatenate(parts)


def collapsed(found: Mapping[str, float]) -> str | None:
    """Why a model with this parity may not be served, or None."""
    if found["moved"] > MOST_MOVED:
        return f"{found['moved']:.1%} of the validation rows changed their label (at most {MOST_MOVED:.0%})"
    return None
