"""Puts columns of numbers on one scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
import polars as pl

from trimtab.core.columns import NUMERIC, QUANTITIES, NumberColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.data import tally
from trimtab.data.tally import Tally
from trimtab.features.columns import chosen
from trimtab.features.feature import Feature, Names
from trimtab.features.matrix import narrow, number, numbers

Method = Literal["standard", "min_max", "robust"]


@dataclass(frozen=True)
class Scale(Feature):
    """Numbers on one scale, dense: (value - centre) / spread.

    `standard`: mean and standard deviation; `min_max`: the range of train to 0 to 1; `robust`: median and
    interquartile range, of the finite values. `columns` are by default all numbers but the label. A missing
    value stays NaN (see `impute`). Where train knows one value only, the spread is taken as 1.
    """

    name: ClassVar[str] = "scale"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    takes: ClassVar[str] = "numbers, but for `label`"
    learned: ClassVar[tuple[str, ...]] = ("scales",)

    method: Method = "standard"
    columns: tuple[NumberColumn, ...] = ()
    label: UsualColumn = "label"
    scales: tuple[tuple[str, float, float], ...] | None = None
    """Column, centre and spread."""

    def partial(self, batch: Batch) -> Tally:
        """Value counts: sums of floats would depend on the order of the blocks."""
        names = chosen(batch, self.columns, QUANTITIES, [self.label], self.name, NUMERIC)
        return tally.count({name: number(batch, name, self.name) for name in names})

    def merge(self, left: Tally, right: Tally) -> Tally:
        """Counts of both blocks."""
        return tally.add(left, right)

    def finish(self, total: Tally) -> Self:
        """The step with centre and spread of each column."""
        found = [(name, *_centre_and_spread(counts, self.method)) for name, counts in sorted(total.items())]
        return replace(self, scales=tuple(found))

    def names(self, sources: Names) -> tuple[str, ...]:
        """The columns."""
        del sources
        return tuple(name for name, _, _ in self.scales or ())

    def vectors(self, batch: Batch) -> np.ndarray:
        """Scaled values (rows, columns)."""
        known = self.scales or ()
        centre, spread = np.array([scale[1:] for scale in known], np.float64).reshape(-1, 2).T
        with np.errstate(over="ignore"):
            return narrow((numbers(batch, self.names({}), self.name) - centre) / spread)


def _centre_and_spread(counts: pl.DataFrame, method: Method) -> tuple[float, float]:
    counts = tally.finite(counts)
    if counts.height == 0:
        return 0.0, 1.0
    if method == "standard":
        centre, spread = tally.mean_and_spread(counts)
    elif method == "min_max":
        centre, high = float(counts["value"][0]), float(counts["value"][-1])
        spread = high - centre
    else:
        centre = tally.quantile(counts, 0.5)
        spread = tally.quantile(counts, 0.75) - tally.quantile(counts, 0.25)
    return centre, spread if counts.height > 1 and spread > 0 else 1.0
