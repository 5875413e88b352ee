"""Makes more train rows of tables by noise on their numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import QUANTITIES, QuantityColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.data import tally
from trimtab.data.added_rows import AddedRows, extended
from trimtab.data.kinds import numbers, present


@dataclass(frozen=True)
class GaussianNoise(AddedRows):
    """Add `copies` of a `share` of the rows with normal noise: `magnitude` deviations of each column.

    The standard deviations are learnt from the train rows. `columns` are by default all columns of numbers
    but the label. Missing and infinite values stay as they are, and so does a column without spread;
    integers are rounded. A copy that came out equal to its row is not kept.
    """

    name: ClassVar[str] = "gaussian_noise"
    accepts: ClassVar[frozenset[str]] = frozenset({"tabular"})
    learned: ClassVar[tuple[str, ...]] = ("base", "spreads")

    magnitude: Annotated[float, Field(gt=0, le=10)] = 0.05
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    columns: tuple[QuantityColumn, ...] = ()
    label: UsualColumn = "label"
    spreads: tuple[tuple[str, float], ...] | None = None

    def partial(self, batch: Batch) -> Any:
        """The largest id, and value counts of the columns."""
        usual = [name for name in numbers(batch) if name != self.label]
        names = present(batch, self.columns or usual, self.name, QUANTITIES)
        return super().partial(batch), tally.count({name: _finite(batch[name]) for name in names})

    def merge(self, left: Any, right: Any) -> Any:
        """The larger id; counts of both blocks."""
        return super().merge(left[0], right[0]), tally.add(left[1], right[1])

    def finish(self, total: Any) -> Self:
        """The step that knows the spread of each column."""
        spreads = {
            name: tally.mean_and_spread(counts)[1]
            for name, counts in sorted(total[1].items())
            if counts.height
        }
        known = tuple((name, spread) for name, spread in spreads.items() if spread > 0)
        return replace(super().finish(total[0]), spreads=known)

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them their noisy copies."""
        names = [name for name, _ in self.spreads or ()]
        spreads = np.array([spread for _, spread in self.spreads or ()])
        present(batch, names, self.name)
        more = batch
        for copy in range(1, self.copies + 1):
            draws = self.draws(batch.ids, copy)
            taken = np.array([rng.random() < self.share for rng in draws], bool)
            noise = np.array([rng.normal(size=len(names)) for rng in draws]).reshape(len(batch), len(names))
            noise *= self.magnitude * spreads
            fresh = {name: _shaken(batch[name], noise[:, at]) for at, name in enumerate(names)}
            differs = np.zeros(len(batch), bool)
            for name, values in fresh.items():
                differs |= values.ne_missing(batch[name]).to_numpy()
            at = np.flatnonzero(taken & differs)
            changed = {name: values.gather(at) for name, values in fresh.items()}
            more = extended(more, at, self.new_ids(batch.ids[at], copy), changed)
        return more


def _finite(values: pl.Series) -> pl.Series:
    return values.filter(values.is_finite()) if values.dtype.is_float() else values


def _shaken(values: pl.Series, noise: np.ndarray) -> pl.Series:
    """The column plus noise (rows,), in its own type."""
    shaken = values.cast(pl.Float64) + pl.Series(noise)
    if values.dtype.is_integer():
        info = np.iinfo(str(values.dtype).lower())
        shaken = shaken.round().clip(info.min, info.max)
        return shaken.cast(values.dtype, strict=False)
    return shaken.cast(values.dtype)
