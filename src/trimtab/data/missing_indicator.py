"""Says in a column of its own where a value was missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from trimtab.core.columns import TRUTHS, Column, Columns, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import tally
from trimtab.data.kinds import absent, present


@dataclass(frozen=True)
class MissingIndicator(Step):
    """Add a Boolean column `<column>_missing` for each column that has a gap in train; put it before
    `impute`.

    `columns` are those to look at, by default all but text and label. NaN is missing, an empty string is
    not. Every later batch gets the same columns; a column that is not there is passed over.
    """

    name: ClassVar[str] = "missing_indicator"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    learned: ClassVar[tuple[str, ...]] = ("gappy",)

    columns: tuple[Column, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    gappy: tuple[str, ...] | None = None

    def after(self, columns: Columns) -> Columns:
        """One more for each, at most."""
        return {**columns, **{f"{name}_missing": frozenset({TRUTHS}) for name in columns}}

    def partial(self, batch: Batch) -> Mapping[str, bool]:
        """Which columns have a gap."""
        names = [name for name in batch.columns.columns if name not in (self.text, self.label)]
        chosen = present(batch, self.columns or names, self.name)
        gaps = {name: not tally.present_values(batch[name]).all() for name in chosen}
        absent(batch, [f"{name}_missing" for name, gap in gaps.items() if gap], self.name)
        return gaps

    def merge(self, left: Mapping[str, bool], right: Mapping[str, bool]) -> Mapping[str, bool]:
        """Gaps of both blocks."""
        return {name: left.get(name, False) or right.get(name, False) for name in {*left, *right}}

    def finish(self, total: Mapping[str, bool]) -> Self:
        """The step with the columns that have gaps."""
        return replace(self, gappy=tuple(sorted(name for name, gap in total.items() if gap)))

    def __call__(self, batch: Batch) -> Batch:
        """The rows with the indicators."""
        known = set(batch.columns.columns)
        there = [name for name in self.gappy or () if name in known]
        new = {f"{name}_missing": ~tally.present_values(batch[name]) for name in there}
        return batch.with_columns(**new) if new else batch
