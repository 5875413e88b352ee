"""Earlier values of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.features.feature import Names
from trimtab.features.history import History


@dataclass(frozen=True)
class Lags(History):
    """The values `lags` rows earlier in the same series, dense; NaN before its beginning.

    A lag counts rows, not hours: with gaps in time, fill them first.
    """

    name: ClassVar[str] = "lags"

    lags: tuple[Annotated[int, Field(ge=1)], ...] = (1, 2, 3)

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column and lag."""
        del sources
        return tuple(f"{name} lag {lag}" for lag in self.lags for name in self.found or ())

    def vectors(self, batch: Batch) -> np.ndarray:
        """Earlier values (rows, lags * columns)."""
        values, order = self.values(batch), self.order(batch)
        rows, series = order.rows, order.series
        width = values.shape[1]
        found = np.full((len(batch), len(self.lags) * width), np.nan, np.float32)
        for at, lag in enumerate(self.lags):
            same = np.flatnonzero(series[lag:] == series[:-lag])
            found[rows[lag:][same], at * width : (at + 1) * width] = values[rows[:-lag][same]]
        return found
