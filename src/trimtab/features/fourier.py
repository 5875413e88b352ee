"""Seasons as sines and cosines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from trimtab.core.columns import TIMES, TimeColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.data.timeline import seconds
from trimtab.features.clock import SECONDS
from trimtab.features.feature import Feature, Names

Period = Literal["hour", "day", "week", "year"] | Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class Fourier(Feature):
    """Sine and cosine of the first `order` harmonics of each period, dense; learns nothing.

    The seasonal part of Prophet (Taylor & Letham, 2018). A period is hour, day, week or year, or a length
    in seconds; where `time` is a column of numbers, in their unit. The phase is that of the clock (UTC
    where there is no zone), so rows may be missing and blocks may be cut anywhere. A missing time is NaN.
    """

    name: ClassVar[str] = "fourier"
    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    time: TimeColumn = "time"
    periods: tuple[Period, ...] = ("day", "week")
    order: Annotated[int, Field(ge=1)] = 3

    def names(self, sources: Names) -> tuple[str, ...]:
        """Period, harmonic and function."""
        del sources
        return tuple(
            f"{period} {wave}{harmonic}"
            for period in self.periods
            for harmonic in range(1, self.order + 1)
            for wave in ("sin", "cos")
        )

    def vectors(self, batch: Batch) -> np.ndarray:
        """Waves (rows, periods * order * 2)."""
        times = batch[present(batch, [self.time], self.name, TIMES)[0]]
        at = seconds(times).fill_null(np.nan).to_numpy()
        waves = []
        for period in self.periods:
            length = SECONDS[period] if isinstance(period, str) else period
            turn = np.mod(at, length) / length  # before the sine: seconds since 1970 are large
            for harmonic in range(1, self.order + 1):
                waves += [np.sin(2 * np.pi * harmonic * turn), np.cos(2 * np.pi * harmonic * turn)]
        return np.stack(waves, axis=1).astype(np.float32) if waves else np.empty((len(batch), 0), np.float32)
