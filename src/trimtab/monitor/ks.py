"""Detectors that compare a number: the two-sample Kolmogorov-Smirnov test (Massey, 1951; Hodges, 1958).

Both samples are finite and the test accounts for both. Of small samples the p-value is exact; of larger
ones it is SciPy's asymptotic one, which costs the same for any number of rows. Without ties it lies
within a tenth of the exact one at the levels that a look uses (1e-2 to 1e-8); on ties (equal lengths,
cosines of exactly 1) both err to the safe side.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy.stats import ks_2samp

from trimtab.core.objects import Finding
from trimtab.monitor.drift import Detector
from trimtab.monitor.profile import Traits

Side = Literal["two-sided", "less", "greater"]
_EXACT = 10_000
"""Pairs of rows up to which the exact p-value is computed."""


def ks(reference: np.ndarray, live: np.ndarray, side: Side = "two-sided") -> tuple[float, float]:
    """Largest gap between the two cumulative distributions, and its p-value.

    `side="greater"` counts only gaps where live values are smaller than the reference's.

    >>> gap, p = ks(np.arange(100), np.arange(50, 150))
    >>> gap, f"{p:.1e}"
    (0.5, '1.0e-11')
    """
    method = "exact" if len(reference) * len(live) <= _EXACT else "asymp"
    found = ks_2samp(live, reference, alternative=side, method=method)
    return float(found.statistic), float(found.pvalue)


@dataclass(frozen=True)
class KS(Detector):
    """The KS test of one trait; a subclass says which, and which direction matters."""

    side: ClassVar[Side] = "two-sided"
    trait: ClassVar[str]

    @staticmethod
    @abstractmethod
    def values(traits: Traits) -> np.ndarray:
        """The trait (n,)."""

    def __call__(self, reference: Traits, live: Traits, level: float) -> Finding:
        """Gap between the distributions; see `Detector`."""
        if not len(reference) or not len(live):
            return self.too_few(level, len(live))
        was, now = self.values(reference), self.values(live)
        gap, p = ks(was, now, self.side)
        said = (
            f"{self.trait}: median {np.median(now):.3g}, was {np.median(was):.3g}; "
            f"KS gap {gap:.3f}, p {p:.2g}, over {len(live):,} requests"
        )
        return self.finding(gap, p, level, len(live), said)


@dataclass(frozen=True)
class NearestCosine(KS):
    """Novelty: are requests farther from the training texts than held-back rows were?

    One-sided. Traffic nearer to the training texts is no novelty, and real traffic often is nearer:
    cleaning removed the near copies between training and validation rows, users go on sending them.
    """

    name: ClassVar[str] = "nearest_cosine"
    side: ClassVar[Side] = "greater"
    trait: ClassVar[str] = "cosine to the nearest training text"

    @staticmethod
    def values(traits: Traits) -> np.ndarray:
        """Cosines (n,)."""
        return traits.nearest


@dataclass(frozen=True)
class Entropy(KS):
    """Is the model less, or more, sure than it was on held-back rows?"""

    name: ClassVar[str] = "entropy"
    trait: ClassVar[str] = "entropy of the answers"

    @staticmethod
    def values(traits: Traits) -> np.ndarray:
        """Entropies (n,) in nats."""
        return traits.entropy


@dataclass(frozen=True)
class Length(KS):
    """Are requests longer or shorter than held-back rows?"""

    name: ClassVar[str] = "length"
    trait: ClassVar[str] = "characters a request"

    @staticmethod
    def values(traits: Traits) -> np.ndarray:
        """Lengths (n,) in characters."""
        return traits.length
