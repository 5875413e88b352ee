"""Grid search: every combination of a few values of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, ClassVar

import numpy as np

from trimtab.tune.sampler import Sampler, Trial

POINTS = 3
"""Values tried of a continuous parameter, evenly spaced on its own scale."""


class Grid(Sampler):
    """All combinations in seeded order, so that a search cut short has still looked everywhere."""

    name: ClassVar[str] = "grid"

    def propose(self, trials: Sequence[Trial]) -> dict[str, Any] | None:
        """The next combination; trials without parameters (the defaults) do not count."""
        cells = list(product(*(_values(*bounds) for bounds in self.space.values())))
        at = sum(1 for trial in trials if trial.parameters)
        if at >= len(cells):
            return None
        order = np.random.default_rng(self.seed).permutation(len(cells))
        return dict(zip(self.space, cells[order[at]], strict=True))


def _values(kind: str, *values: Any) -> list[Any]:
    if kind == "choice":
        return list(values)
    spaced = np.geomspace if kind == "log" else np.linspace
    low, high = values
    return [float(value) for value in spaced(low, high, POINTS)]
