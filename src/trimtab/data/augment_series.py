"""Makes more train series out of those there are: one whole series a row, in a list column."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.added_rows import ChangedCopies
from trimtab.data.kinds import present


@dataclass(frozen=True)
class SeriesCopies(ChangedCopies):
    """What the series steps share: the list column `values`, a series a row; a missing point stays missing.

    Series of integers become series of floats.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"series"})

    values: UsualColumn = "values"

    def column(self, batch: Batch) -> str:
        """The column of series.

        Raises:
            DataError: it is not there, or holds no lists of numbers.
        """
        present(batch, [self.values], self.name)
        kind: Any = batch[self.values].dtype
        if not (kind.is_nested() and hasattr(kind, "inner") and kind.inner.is_numeric()):
            raise DataError(
                f"step {self.name}",
                f"column '{self.values}' holds {kind}",
                "give one whole series a row: a column of lists of numbers",
            )
        return self.values

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them their changed copies."""
        kind: Any = batch[self.column(batch)].dtype
        if kind.inner.is_integer():
            batch = batch.with_columns(**{self.values: batch[self.values].cast(pl.List(pl.Float64))})
        return super().__call__(batch)

    def change(self, value: Any, rng: np.random.Generator, row: int) -> list[float | None] | None:
        """The changed series; None where it holds no number or stayed as it was."""
        del row
        series = np.array([np.nan if point is None else point for point in value], float)
        if not np.isfinite(series).any():
            return None
        changed = self.bend(series, rng)
        if np.array_equal(changed, series, equal_nan=True):
            return None
        return [None if np.isnan(point) else point for point in changed.tolist()]

    @abstractmethod
    def bend(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The series (length,), changed, of the same length; NaN where a point is missing."""


@dataclass(frozen=True)
class Jitter(SeriesCopies):
    """Add copies of series with noise on every point: normal, `magnitude` standard deviations of the series.

    Um et al. (2017), who use 0.03 on standardised series.
    """

    name: ClassVar[str] = "jitter"

    magnitude: Annotated[float, Field(gt=0, le=10)] = 0.03

    def bend(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Every point with its own noise."""
        spread = float(np.std(series[np.isfinite(series)]))
        return series + rng.normal(0, self.magnitude * spread, len(series))


@dataclass(frozen=True)
class MagnitudeScale(SeriesCopies):
    """Add copies of series multiplied by one random factor: normal around 1, deviation `magnitude`.

    "Scaling" of Um et al. (2017), who use 0.1.
    """

    name: ClassVar[str] = "magnitude_scale"

    magnitude: Annotated[float, Field(gt=0, le=10)] = 0.1

    def bend(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Every point times the same factor."""
        return series * rng.normal(1, self.magnitude)


@dataclass(frozen=True)
class WindowSlice(SeriesCopies):
    """Add copies of series that are a random slice, stretched: `magnitude` of the length is cut away.

    Window slicing (Le Guennec et al., 2016), who keep 90 % of a series; stretched by linear interpolation, so
    that all series stay equally long. A series of fewer than three points is not copied.
    """

    name: ClassVar[str] = "window_slice"

    magnitude: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def bend(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A slice of the series at its full length."""
        length = len(series)
        kept = max(2, round((1 - self.magnitude) * length))
        if kept >= length:
            return series
        start = int(rng.integers(length - kept + 1))
        return _resampled(series, np.linspace(start, start + kept - 1, length))


@dataclass(frozen=True)
class WindowWarp(SeriesCopies):
    """Add copies of series in which a random window runs at another speed: half or double, as `factors` say.

    Window warping (Le Guennec et al., 2016): the window is `magnitude` of the series; the warped series is
    brought back to its length by linear interpolation. A series too short for a window of two points with a
    point on either side is not copied.
    """

    name: ClassVar[str] = "window_warp"

    magnitude: Annotated[float, Field(gt=0, lt=1)] = 0.1
    factors: tuple[Annotated[float, Field(gt=0, le=10)], ...] = (0.5, 2.0)

    def bend(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The series with one window stretched or squeezed."""
        length = len(series)
        window = max(2, round(self.magnitude * length))
        if window > length - 2:
            return series
        start = int(rng.integers(1, length - window))
        factor = float(rng.choice(self.factors))
        inside = np.linspace(start, start + window - 1, max(1, round(window * factor)))
        before, after = np.arange(start), np.arange(start + window, length)
        warped = _resampled(series, np.concatenate((before, inside, after)))
        return _resampled(warped, np.linspace(0, len(warped) - 1, length))


def _resampled(series: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The series at the places `at`, which may lie between its points; NaN beside a missing point."""
    return np.interp(at, np.arange(len(series)), series)
