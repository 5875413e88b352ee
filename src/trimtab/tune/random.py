"""Random search (Bergstra & Bengio, 2012): the baseline that any other sampler must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from trimtab.tune.sampler import Sampler, Trial


class Uniform(Sampler):
    """Independent draws, uniform on each parameter's own scale."""

    name: ClassVar[str] = "random"

    def propose(self, trials: Sequence[Trial]) -> dict[str, Any] | None:
        """A draw that depends on the seed and the trial's number."""
        rng = np.random.default_rng([self.seed, len(trials)])
        return {name: _draw(rng, *bounds) for name, bounds in self.space.items()}


def _draw(rng: np.random.Generator, kind: str, *values: Any) -> Any:
    if kind == "choice":
        return values[int(rng.integers(len(values)))]
    low, high = values
    if kind == "log":
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))
