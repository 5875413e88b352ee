"""What a sampler is: from the trials so far to the next setting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Space = Mapping[str, tuple[Any, ...]]
"""Parameter to ("log", low, high), ("float", low, high) or ("choice", a, b, ...)."""


@dataclass(frozen=True)
class Trial:
    """One setting, its score (higher is better), and the seconds it took."""

    number: int
    parameters: Mapping[str, Any]
    score: float
    seconds: float


class Sampler(ABC):
    """Proposes settings. A proposal follows from the seed and the trials before it alone, so a search
    that was killed asks again for the same settings."""

    name: ClassVar[str]

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self.seed = seed

    @abstractmethod
    def propose(self, trials: Sequence[Trial]) -> dict[str, Any] | None:
        """The next setting; None when there is none left."""
