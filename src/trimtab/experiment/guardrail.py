"""Is the variant no worse than the margin allows? A non-inferiority test that may be looked at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trimtab.core.objects import Finding
from trimtab.experiment.base import Arm, Comparison
from trimtab.experiment.sequential import always_valid_p, difference


@dataclass(frozen=True)
class Guardrail(Comparison):
    """Harm of more than `margin` (a share of one) stops an experiment; harm below it must be shown before
    a promotion.

    "No harm was found" is no evidence of no harm: `numbers["passed"]` is 1 only when the whole
    confidence sequence of the difference lies above -`margin`. On the same rows answered by both models, use
    `core.measure.paired_drop`, which is far sharper.
    """

    name: ClassVar[str] = "guardrail"
    margin: float = 0.01
    tuned_for: int = 5000

    def __call__(self, control: Arm, variant: Arm) -> Finding:
        """`statistic` is the loss, control minus variant; `alarm` means that it exceeds the margin for
        certain."""
        seen = difference(control, variant, self.alpha, self.tuned_for)
        loss, low, high = -seen.value, -seen.high, -seen.low
        alarm, passed = low > self.margin, high < self.margin
        verdict = "harm beyond the margin" if alarm else "within the margin" if passed else "not settled yet"
        said = f"loss {loss:+.4f} ({low:+.4f} to {high:+.4f}), margin {self.margin:.4f}: {verdict}"
        p = always_valid_p(control, variant, self.alpha, self.tuned_for, null=-self.margin)
        numbers = {"low": low, "high": high, "margin": self.margin, "passed": float(passed)}
        return Finding(self.name, loss, p if loss > self.margin else 1.0, alarm, said, numbers)
