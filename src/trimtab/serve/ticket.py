"""An accepted request on its way through the engine, and each of its texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Ticket:
    """An accepted request. The lists are (texts,), filled as the rows are answered."""

    texts: Sequence[str]
    started: float
    future: asyncio.Future[Ticket]
    open_rows: int
    labels: list[int] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    stages: list[int] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)

    def probabilities(self) -> np.ndarray:
        """Probabilities (texts, classes) float32."""
        return np.stack(self.rows)


@dataclass(slots=True)
class Row:
    """One text of a request: its place there and its token numbers."""

    ticket: Ticket
    at: int
    tokens: list[int]
