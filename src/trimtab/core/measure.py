"""Intervals and paired tests for what was measured; each is a small function with a known answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A point estimate with its two-sided interval."""

    value: float
    low: float
    high: float


def bootstrap(
    rows: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.mean,
    level: float = 0.95,
    repeats: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval (Efron, 1979) of a statistic of `rows` (n,).

    >>> bootstrap(np.ones(50)).low
    1.0
    """
    rng = np.random.default_rng(seed)
    draws = np.array([statistic(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(repeats)])
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(rows)), float(low), float(high))


def quantile_interval(times: np.ndarray, q: float, level: float = 0.95) -> Interval:
    """A quantile with its distribution-free interval by order statistics (Conover, 1999, 3.2).

    Where there are too few samples to bound it from above, the largest sample stands there.
    """
    ordered = np.sort(np.asarray(times, dtype=float))
    n = len(ordered)
    spread = _normal_quantile((1 + level) / 2) * np.sqrt(n * q * (1 - q))
    low = int(np.clip(np.floor(n * q - spread) - 1, 0, n - 1))
    high = int(np.clip(np.ceil(n * q + spread), 0, n - 1))
    return Interval(float(np.quantile(ordered, q)), float(ordered[low]), float(ordered[high]))


@dataclass(frozen=True)
class Paired:
    """Two models on the same rows: how much accuracy `b` gives up against `a`, and is that so?"""

    drop: float
    low: float
    high: float
    p_value: float
    only_a: int
    only_b: int
    rows: int


def paired_drop(a_right: np.ndarray, b_right: np.ndarray, level: float = 0.95) -> Paired:
    """Accuracy of `a` minus accuracy of `b` on the same rows (n,) of booleans.

    The p-value is the exact two-sided McNemar test (McNemar, 1947); the interval is Newcombe's
    method 10 for paired proportions (Newcombe, 1998), which stays honest when few rows differ.

    >>> paired_drop(np.array([1, 1, 0, 1], bool), np.array([1, 1, 0, 1], bool)).p_value
    1.0
    """
    a_right, b_right = np.asarray(a_right, bool), np.asarray(b_right, bool)
    n = len(a_right)
    both = int((a_right & b_right).sum())
    only_a = int((a_right & ~b_right).sum())
    only_b = int((~a_right & b_right).sum())
    low, high = _newcombe(both, only_a, only_b, n - both - only_a - only_b, level)
    return Paired((only_a - only_b) / n, low, high, exact_mcnemar(only_a, only_b), only_a, only_b, n)


def exact_mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided exact p-value that two models err alike, from the rows on which they differ.

    >>> round(exact_mcnemar(5, 0), 4)
    0.0625
    """
    n = only_a + only_b
    if n == 0:
        return 1.0
    logs = [lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(min(only_a, only_b) + 1)]
    return min(1.0, 2 * float(np.exp(np.array(logs) - n * np.log(2)).sum()))


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson, 1927).

    >>> round(wilson(10, 10).low, 3)
    0.722
    """
    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    z = _normal_quantile((1 + level) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy (n,) in nats of probabilities (n, classes).

    >>> entropy(np.array([[1.0, 0.0], [0.5, 0.5]])).round(3)
    array([0.   , 0.693], dtype=float32)
    """
    safe = np.where(probabilities > 0, probabilities, 1.0)
    return np.abs(-(probabilities * np.log(safe)).sum(axis=1)).astype(np.float32)


def _newcombe(both: int, only_a: int, only_b: int, neither: int, level: float) -> tuple[float, float]:
    n = both + only_a + only_b + neither
    a, b = wilson(both + only_a, n, level), wilson(both + only_b, n, level)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    cross = float(both * neither - only_a * only_b)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)  # Newcombe's continuity correction of phi
    phi = cross / np.sqrt(margins) if margins else 0.0
    down_a, up_a = a.value - a.low, a.high - a.value
    down_b, up_b = b.value - b.low, b.high - b.value
    difference = a.value - b.value
    low = difference - np.sqrt(max(0.0, down_a**2 - 2 * phi * down_a * up_b + up_b**2))
    high = difference + np.sqrt(max(0.0, up_a**2 - 2 * phi * up_a * down_b + down_b**2))
    return float(low), float(high)


def _normal_quantile(p: float) -> float:
    return NormalDist().inv_cdf(p)
