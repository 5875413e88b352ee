"""The difference of two success rates, valid at every moment it is looked at.

A fixed-sample interval that is looked at again and again is wrong sooner or later with certainty. This is
the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Annals of
Statistics, "Time-uniform central limit theory and asymptotic confidence sequences", theorem 2.2),
Robbins' normal mixture (1970) with estimated variance: over all times together it misses the truth with a
chance of about alpha. Stop when you like.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import ClassVar

from trimtab.core.measure import Interval
from trimtab.core.objects import Finding
from trimtab.experiment.base import Arm, Comparison

FEWEST = 50
"""Units each arm needs before anything is said: the theory is asymptotic."""


def difference(control: Arm, variant: Arm, alpha: float, tuned_for: int) -> Interval:
    """Variant's rate minus control's, with its time-uniform interval at level 1 - `alpha`.

    It is tightest once `tuned_for` units were seen in both arms together; before `FEWEST` in each it is
    [-1, 1].
    """
    value = variant.rate - control.rate
    if min(control.units, variant.units) < FEWEST:
        return Interval(value, -1.0, 1.0)
    n, rho = control.units + variant.units, _rho_squared(alpha, tuned_for)
    spread = _variance(control, variant)
    half = sqrt(2 * spread * (n * rho + 1) / (n * rho) * log(sqrt(n * rho + 1) / alpha))
    return Interval(value, max(-1.0, value - half), min(1.0, value + half))


def always_valid_p(control: Arm, variant: Arm, alpha: float, tuned_for: int, null: float = 0.0) -> float:
    """A p-value of "the difference is `null`" for any stopping time: one over the mixture likelihood ratio.

    It is at most `alpha` exactly when the interval of `difference` leaves out `null`.
    """
    if min(control.units, variant.units) < FEWEST:
        return 1.0
    n, rho = control.units + variant.units, _rho_squared(alpha, tuned_for)
    square = (variant.rate - control.rate - null) ** 2 / _variance(control, variant)
    return min(1.0, sqrt(n * rho + 1) * exp(-square * n * rho / (2 * (n * rho + 1))))


@dataclass(frozen=True)
class Sequential(Comparison):
    """Do the success rates differ? May be asked after every unit."""

    name: ClassVar[str] = "sequential"
    tuned_for: int = 5000

    def __call__(self, control: Arm, variant: Arm) -> Finding:
        """Variant minus control; see `difference`. `alarm` means that they differ."""
        seen = difference(control, variant, self.alpha, self.tuned_for)
        alarm = not seen.low <= 0 <= seen.high
        p = always_valid_p(control, variant, self.alpha, self.tuned_for)
        said = (
            f"success rate {variant.rate:.4f} against {control.rate:.4f}: "
            f"difference {seen.value:+.4f} ({seen.low:+.4f} to {seen.high:+.4f}), always-valid p {p:.2g}"
        )
        units = {"control": float(control.units), "variant": float(variant.units)}
        return Finding(self.name, seen.value, p, alarm, said, {"low": seen.low, "high": seen.high, **units})


def _variance(control: Arm, variant: Arm) -> float:
    """Variance of the difference; rates shrunk by one success and one failure, so never zero."""
    total = 0.0
    for arm in (control, variant):
        rate = (arm.successes + 1) / (arm.units + 2)
        total += rate * (1 - rate) / arm.units
    return total


def _rho_squared(alpha: float, tuned_for: int) -> float:
    """The mixture's scale that makes the interval tightest after `tuned_for` units (same paper, appendix)."""
    return (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / tuned_for
