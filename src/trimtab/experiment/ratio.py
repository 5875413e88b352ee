"""Did the arms get the shares they were promised? If not, believe no difference between them.

A sample-ratio mismatch means that units were lost or counted twice in one arm, seldom at random (Fabijan
et al., 2019, "Diagnosing sample ratio mismatch in online controlled experiments").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scipy.stats import chi2

from trimtab.core.objects import Finding
from trimtab.experiment.base import Arm, Comparison


def mismatch(control: int, variant: int, variant_share: float = 0.5) -> tuple[float, float]:
    """Pearson's chi-square of two counts against the promised shares, and its p-value.

    >>> value, p = mismatch(44700, 45489)
    >>> round(value, 2), round(p, 4)
    (6.9, 0.0086)
    """
    total = control + variant
    if total == 0:
        return 0.0, 1.0
    expected = total * variant_share
    value = (variant - expected) ** 2 / (expected * (1 - variant_share))
    return value, float(chi2.sf(value, 1))


@dataclass(frozen=True)
class SampleRatio(Comparison):
    """Sample-ratio mismatch by chi-square; look once, at the end: repeated looks need a smaller alpha."""

    name: ClassVar[str] = "ratio"
    alpha: float = 0.01
    variant_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.variant_share < 1:
            raise ValueError(f"variant_share is {self.variant_share}; allowed: between 0 and 1")

    def __call__(self, control: Arm, variant: Arm) -> Finding:
        """Compare the numbers of units; `alarm` means that the split is broken."""
        value, p = mismatch(control.units, variant.units, self.variant_share)
        said = (
            f"{control.units:,} and {variant.units:,} units where {1 - self.variant_share:.0%} and "
            f"{self.variant_share:.0%} were promised: chi-square {value:.2f}, p {p:.2g}"
        )
        numbers = {"control": float(control.units), "variant": float(variant.units)}
        return Finding(self.name, value, p, p <= self.alpha, said, numbers)
