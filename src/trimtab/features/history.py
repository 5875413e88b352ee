"""What the steps share that look back in a series: which rows come before a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Self

import numpy as np
import polars as pl

from trimtab.core.objects import Batch
from trimtab.data.tally import present
from trimtab.features.columns import chosen, is_number
from trimtab.features.feature import Feature
from trimtab.features.matrix import numbers


class Order(NamedTuple):
    """Positions of the rows that have a time, oldest first, and the series of each; both (timed rows,)."""

    rows: np.ndarray
    series: np.ndarray


@dataclass(frozen=True)
class History(Feature):
    """A step that looks back in series of long form: a row is a point in `time`, `by` names its series.

    `columns` are by default all numbers but the label and the columns above. Rows are ordered by time, rows
    of equal time by id; the order and the gaps in the table do not matter. A row without a time has no past
    and is nobody's past. When served, a request holds the rows that it looks back to.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"series"})
    learned: ClassVar[tuple[str, ...]] = ("found",)

    columns: tuple[str, ...] = ()
    time: str = "time"
    by: tuple[str, ...] = ()
    label: str = "label"
    found: tuple[str, ...] | None = None

    @property
    def together(self) -> tuple[str, ...]:
        """All rows of a series."""
        return self.by

    def partial(self, batch: Batch) -> frozenset[str]:
        """The columns of numbers."""
        present(batch, (self.time, *self.by), self.name)
        closed = (self.label, self.time, *self.by)
        return frozenset(chosen(batch, self.columns, is_number, closed, self.name))

    def merge(self, left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
        """The columns of both blocks."""
        return left | right

    def finish(self, total: frozenset[str]) -> Self:
        """The step with its columns."""
        return replace(self, found=tuple(sorted(total)))

    def values(self, batch: Batch) -> np.ndarray:
        """The numbers (rows, columns) looked back to; NaN where missing."""
        return numbers(batch, self.found or ())

    def order(self, batch: Batch) -> Order:
        """The rows that have a time, series by series, oldest first."""
        keys = list(present(batch, (*self.by, self.time), self.name))
        frame = batch.columns.select(pl.col(name).alias(f"key {at}") for at, name in enumerate(keys))
        ids = pl.Series("id", batch.ids)
        frame = (
            frame.with_columns(ids).with_row_index("row").filter(pl.col(f"key {len(keys) - 1}").is_not_null())
        )
        frame = frame.sort([*(f"key {at}" for at in range(len(keys))), "id"])
        series = np.zeros(frame.height, np.int64)
        if self.by:
            names = [f"key {at}" for at in range(len(self.by))]
            series = frame.select(pl.struct(names).rle_id())[:, 0].to_numpy().astype(np.int64)
        return Order(frame["row"].to_numpy().astype(np.int64), series)
