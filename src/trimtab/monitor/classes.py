"""The detector of predicted classes: a test for categories.

KS would need an order of the classes and has none: its answer would change with their numbering.
Pearson's chi-square test of homogeneity (Pearson, 1900) compares the two rows of counts as they are.
Where counts are small its tail is too heavy, so classes with fewer than five expected rows on either side
are pooled into one (Cochran, 1954), chosen by the pooled counts alone, which says nothing of how the two
samples differ. Pearson's statistic rather than G, because G exceeds its nominal level more at such
counts. bench/drift.py checks the tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import chi2

from trimtab.core.objects import Finding
from trimtab.monitor.drift import Detector
from trimtab.monitor.profile import Traits

EXPECTED = 5.0
"""Fewest expected rows in a cell."""


def homogeneity(reference: np.ndarray, live: np.ndarray) -> tuple[float, float, int]:
    """Chi-square statistic, p-value and degrees of freedom of two rows of counts (classes,).

    >>> value, p, freedom = homogeneity(np.array([30, 30, 40]), np.array([40, 40, 20]))
    >>> round(value, 3), round(p, 4), freedom
    (9.524, 0.0085, 2)
    """
    table = _pooled(np.stack([reference, live]).astype(float))
    freedom = table.shape[1] - 1
    if freedom < 1:
        return 0.0, 1.0, 0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    value = float(((table - expected) ** 2 / expected).sum())
    return value, float(chi2.sf(value, freedom)), freedom


@dataclass(frozen=True)
class PredictedClasses(Detector):
    """Does the mix of predicted classes differ from that on held-back rows?

    The effect is w / 2, where w is Cohen's effect size (Cohen, 1988) less what chance alone gives: w^2 =
    (chi2 - freedom) (1/n + 1/m). By the Cauchy-Schwarz inequality w / 2 bounds the total variation
    distance from above, so `least` means the same as for KS: a share of requests.
    """

    name: ClassVar[str] = "predicted_classes"

    def __call__(self, reference: Traits, live: Traits, level: float) -> Finding:
        """Distance between the class counts; see `Detector`."""
        if not len(reference) or not len(live):
            return self.too_few(level, len(live))
        classes = int(max(reference.predicted.max(), live.predicted.max())) + 1
        was = np.bincount(reference.predicted, minlength=classes)
        now = np.bincount(live.predicted, minlength=classes)
        value, p, freedom = homogeneity(was, now)
        effect = np.sqrt(max(0.0, value - freedom) * (1 / len(reference) + 1 / len(live))) / 2
        said = (
            f"predicted classes: chi-square {value:.1f} on {freedom} degrees of freedom, "
            f"effect {effect:.3f}, p {p:.2g}, over {len(live):,} requests"
        )
        return self.finding(float(effect), p, level, len(live), said)


def _pooled(table: np.ndarray) -> np.ndarray:
    """The table (2, classes) with its rare classes in one column; that column too must not be rare."""
    total = table.sum(axis=0)
    fewest = EXPECTED * table.sum() / table.sum(axis=1).min()
    order = np.argsort(-total, kind="stable")
    table, total = table[:, order], total[order]
    common = int((total >= fewest).sum())
    while 0 < common < len(total) and total[common:].sum() < fewest and total[common:].sum() > 0:
        common -= 1
    rest = table[:, common:].sum(axis=1, keepdims=True)
    return table[:, :common] if rest.sum() == 0 else np.concatenate([table[:, :common], rest], axis=1)
