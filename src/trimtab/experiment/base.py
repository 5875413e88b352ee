"""What every comparison of two arms takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from trimtab.core.objects import Finding


@dataclass(frozen=True)
class Arm:
    """One arm so far: units seen, and how many of them succeeded. Only sums, so order cannot matter."""

    units: int = 0
    successes: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.units:
            raise ValueError(f"{self.successes} successes of {self.units} units")

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Self:
        """The arm with these outcomes.

        >>> Arm.of([True, False, True])
        Arm(units=3, successes=2)
        """
        seen = [bool(outcome) for outcome in outcomes]
        return cls(len(seen), sum(seen))

    def __add__(self, other: Arm) -> Arm:
        return Arm(self.units + other.units, self.successes + other.successes)

    @property
    def rate(self) -> float:
        """Share of successes; 0 without units."""
        return self.successes / self.units if self.units else 0.0


@dataclass(frozen=True)
class Comparison(ABC):
    """A comparison of a control and a variant; a frozen value whose fields are its parameters."""

    name: ClassVar[str]
    alpha: float = 0.05

    @abstractmethod
    def __call__(self, control: Arm, variant: Arm) -> Finding:
        """What these two arms say. Empty arms give p = 1 and no alarm."""
