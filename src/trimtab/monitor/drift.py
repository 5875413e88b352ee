"""What every drift detector is, and one look at the traffic by all of them.

A look spends a share of alpha: with alpha = 0.05 a service that never drifts raises one false alarm, over all
looks, all detectors and all spans together, with a chance of at most 5 %.

Look k may spend alpha * 6 / (pi^2 k^2); these shares sum to alpha (Basel series). It is divided evenly
over the tests of that look (Bonferroni). Boole's inequality makes the sum of all error chances a bound on
the chance of any error *whatever the dependence* between tests, and here dependence is everywhere: all
looks share one reference sample, spans overlap, and a strange text moves cosine, entropy and class
together. That is why it is preferred to a betting martingale, whose guarantee needs conformal p-values
independent of one another (Vovk, 2021, "Testing randomness online"), which a reused reference sample does
not give. It asks only that each single p-value is honest. The price is small: the tail of KS falls
exponentially, so the smallest gap that counts grows with sqrt(log k), from 0.10 at the first look to 0.15
at the hundredth (500 requests against 1,000 reference rows). Spending functions: Lan and DeMets (1983),
"Discrete sequential boundaries for clinical trials".

Because a fixed window would find a lasting small drift ever harder as k grows, each look tests two spans:
the newest window (a sudden change) and the newest eight (a small one that lasts).

The promise assumes independent requests. Bursts of one text (health checks, retries, bots) are not:
keep them out of the log.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi
from typing import ClassVar

from trimtab.core.objects import Finding
from trimtab.monitor import DETECTORS
from trimtab.monitor.profile import Profile, Traits

SPANS = (1, 8)
"""Windows in each span that a look tests; early looks take what there is."""


@dataclass(frozen=True)
class Detector(ABC):
    """Compares one trait of live requests with the reference.

    `least` is the smallest effect worth an alarm, as the share of requests that would have to change for
    the two distributions to agree; a significant but smaller shift is noted, without alarm.
    """

    name: ClassVar[str]
    least: float = 0.1

    @abstractmethod
    def __call__(self, reference: Traits, live: Traits, level: float) -> Finding:
        """Whether `live` departs from `reference`, at significance `level`.

        The order of rows does not matter. An empty side gives p = 1 and no alarm.
        """

    def finding(self, effect: float, p_value: float, level: float, requests: int, said: str) -> Finding:
        """The finding: an alarm needs significance and an effect of at least `least`."""
        alarm = bool(p_value <= level and effect >= self.least)
        numbers = {"level": level, "least": self.least, "requests": float(requests)}
        return Finding(self.name, float(effect), float(p_value), alarm, said, numbers)

    def too_few(self, level: float, requests: int) -> Finding:
        """The finding where there is nothing to compare."""
        return self.finding(0.0, 1.0, level, requests, f"too few requests to compare ({requests})")


def alpha_at(look: int, alpha: float) -> float:
    """What look number `look` (from 1) may spend of `alpha`.

    >>> round(sum(alpha_at(look, 0.05) for look in range(1, 100_000)), 4)
    0.05
    """
    return alpha * 6 / (pi * look) ** 2


def detectors(least: float) -> tuple[Detector, ...]:
    """Every registered detector, ready to compare."""
    return tuple(DETECTORS.load(name)(least=least) for name in DETECTORS)


def look_at(
    profile: Profile,
    windows: Sequence[Traits],
    look: int,
    alpha: float,
    least: float,
    other_tests: int = 0,
) -> list[Finding]:
    """The findings of look number `look` over the newest windows, oldest first.

    `other_tests` (latency) share the alpha of this look.
    """
    spans = sorted({min(span, len(windows)) for span in SPANS})
    every = detectors(least)
    level = level_of(look, alpha, other_tests)
    found = []
    for span in spans:
        live = Traits.join(windows[-span:])
        for detector in every:
            finding = detector(profile.traits, live, level)
            found.append(replace(finding, numbers={**finding.numbers, "windows": float(span)}))
    return found


def level_of(look: int, alpha: float, other_tests: int = 0) -> float:
    """The significance level of each single test of look number `look`."""
    return alpha_at(look, alpha) / (len(DETECTORS) * len(SPANS) + other_tests)
