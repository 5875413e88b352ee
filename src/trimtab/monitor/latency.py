"""Is the p99 that users see still within the budget? An exact test, whatever the distribution of times.

If the true p99 is within the budget, a request is slower than the budget with a chance of at most 1 %, so
the number of slow ones among n is at most binomial(n, 0.01): the sign test for a quantile (Conover, 1999,
3.2), exact where a normal interval of the 99th percentile of 500 requests is not. Requests that wait
together in one burst are not independent: a single stall can make several slow, so read the count beside
the p-value. A request of many texts is one observation.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from trimtab.core.measure import quantile_interval
from trimtab.core.objects import Finding
from trimtab.core.units import show_ms

NAME = "latency_p99"


def slow_tail(latency_ms: np.ndarray, budget_ms: float, level: float, q: float = 0.99) -> Finding:
    """Whether the `q` quantile of the times (n,), in milliseconds, exceeds the budget.

    `numbers` carry its order-statistic interval at 95 % and the count of requests over the budget.

    >>> slow_tail(np.array([5.0] * 90 + [50.0] * 10), budget_ms=15, level=0.01).alarm
    True
    """
    n = len(latency_ms)
    if n == 0:
        numbers = {"level": level, "budget_ms": budget_ms, "requests": 0.0}
        return Finding(NAME, 0.0, 1.0, False, "too few requests to compare (0)", numbers)
    slow = int((latency_ms > budget_ms).sum())
    p = float(binom.sf(slow - 1, n, 1 - q))
    seen = quantile_interval(latency_ms, q)
    said = (
        f"p99 {show_ms(seen.value)} ({show_ms(seen.low)} to {show_ms(seen.high)}), "
        f"budget {show_ms(budget_ms)}; {slow} of {n:,} requests were slower, p {p:.2g}"
    )
    numbers = {
        "level": level,
        "budget_ms": budget_ms,
        "low_ms": seen.low,
        "high_ms": seen.high,
        "slow": float(slow),
        "requests": float(n),
    }
    return Finding(NAME, seen.value, p, p <= level, said, numbers)
