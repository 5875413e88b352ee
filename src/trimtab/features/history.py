"""What the steps share that look back in a series: which rows come before a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from trimtab.core.columns import (
    CATEGORIES,
    NUMERIC,
    QUANTITIES,
    TIMES,
    CategoryColumn,
    NumberColumn,
    TimeColumn,
    UsualColumn,
)
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.data.timeline import Timeline, timeline
from trimtab.features.columns import chosen
from trimtab.features.feature import Feature
from trimtab.features.matrix import numbers


@dataclass(frozen=True)
class History(Feature):
    """A step that looks back in series of long form: a row is a point in `time`, `by` names its series.

    `columns` are by default all numbers but the label and the columns above. Rows are ordered by time, rows
    of equal time by id; the order and the gaps in the table do not matter. A row without a time (null or NaN)
    has no past and is nobody's past. When served, a request holds the rows that it looks back to.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"series"})
    takes: ClassVar[str] = "numbers, but for `label`, `time` and `by`"
    learned: ClassVar[tuple[str, ...]] = ("found",)

    columns: tuple[NumberColumn, ...] = ()
    time: TimeColumn = "time"
    by: tuple[CategoryColumn, ...] = ()
    label: UsualColumn = "label"
    found: tuple[str, ...] | None = None

    @property
    def together(self) -> tuple[str, ...]:
        """All rows of a series."""
        return self.by

    def partial(self, batch: Batch) -> frozenset[str]:
        """The columns of numbers."""
        present(batch, [self.time], self.name, TIMES)
        present(batch, self.by, self.name, CATEGORIES)
        closed = (self.label, self.time, *self.by)
        return frozenset(chosen(batch, self.columns, QUANTITIES, closed, self.name, NUMERIC))

    def merge(self, left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
        """The columns of both blocks."""
        return left | right

    def finish(self, total: frozenset[str]) -> Self:
        """The step with its columns."""
        return replace(self, found=tuple(sorted(total)))

    def values(self, batch: Batch) -> np.ndarray:
        """The numbers (rows, columns) looked back to; NaN where missing."""
        return numbers(batch, self.found or (), self.name)

    def order(self, batch: Batch) -> Timeline:
        """The rows that have a time, series by series, oldest first."""
        return timeline(batch, self.time, self.by, self.name)
