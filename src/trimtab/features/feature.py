"""What every feature step shares: it writes one column of numbers and knows their names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from trimtab.core.columns import FEATURES, Columns, Fault
from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.kinds import absent
from trimtab.features import READ
from trimtab.features.matrix import Matrix, as_series

Names = Mapping[str, Sequence[str]]
"""Feature column to the names of what it holds."""
UNNAMED: Names = MappingProxyType({})
"""Nothing is known of the columns that a step reads."""
Gathered = tuple[Batch, ...]
"""Blocks of rows, cut down to the columns that learning needs."""


@dataclass(frozen=True)
class Feature(Step):
    """A step that adds the feature column `into` (its own name by default) and keeps all rows."""

    takes: ClassVar[str] = ""
    """What the step chooses where no column is named, as an error calls it: its type, but for parameters."""

    into: str = ""

    @property
    def output(self) -> str:
        """The name of the column that the step writes."""
        return self.into or self.name

    @abstractmethod
    def vectors(self, batch: Batch) -> Matrix:
        """The features (rows, width) float32, dense or sparse, of a batch."""

    @abstractmethod
    def names(self, sources: Names) -> tuple[str, ...]:
        """The name of each feature; `sources` are those of the feature columns that the step reads."""

    @property
    def barren(self) -> bool:
        """True where learning found nothing to make features of."""
        return not self.names({})

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """That the column which the step adds is new, and what any step asks for."""
        yield from super().check(columns)
        if columns is not None and self.output in columns:
            yield Fault(f"would write over column '{self.output}'", "rename it, or name another in `into`")

    def after(self, columns: Columns) -> Columns:
        """The features too."""
        return {**columns, self.output: frozenset({FEATURES})}

    def learn(self, batch: Batch) -> Self:
        """Learn from one batch (train rows only).

        Raises:
            DataError: it has a column of the name of the step's own.
        """
        return super().learn(self._with_room(batch))

    def learn_blocks(self, blocks: Iterable[Batch]) -> Self:
        """Learn from rows that come in blocks: the same step as from all rows at once."""
        return super().learn_blocks(map(self._with_room, blocks))

    def _with_room(self, batch: Batch) -> Batch:
        absent(batch, [self.output], self.name, "rename it, or name another in `into`")
        return batch

    def __call__(self, batch: Batch) -> Batch:
        """Add the feature column.

        Raises:
            DataError: the step has learnt nothing yet.
        """
        if any(getattr(self, field) is None for field in self.learned):
            raise DataError(f"step {self.name}", "has learnt nothing yet", "call learn on train rows first")
        return batch.with_columns(**{self.output: as_series(self.vectors(batch))})

    def facts(self, sources: Names = UNNAMED) -> dict[str, Any]:
        """The column, and how many features stand in it; `sources` as for `names`."""
        return {"column": self.output, "features": len(self.names(sources))}


def feature_names(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The names of the features in each column that the learned steps write, in the order they ran."""
    known: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if isinstance(step, Feature):
            known[step.output] = step.names(known)
    return known


def served(steps: Iterable[Step]) -> list[Step]:
    """The learned steps without those that write features which no model family reads."""
    return [step for step in steps if step.name in READ or not isinstance(step, Feature)]


def names_in(column: str, width: int, sources: Names) -> tuple[str, ...]:
    """The names of a column that a step reads; numbered where nobody knows them.

    A sparse column may look narrower to a step than it is: train had nothing in the last ones.
    """
    known = tuple(sources.get(column, ()))[:width]
    return known if len(known) == width else tuple(f"{column}[{at}]" for at in range(width))


def gather(batch: Batch, columns: Iterable[str]) -> Gathered:
    """The summary of steps whose learning has no smaller one: the rows themselves."""
    wanted = dict.fromkeys(name for name in columns if name in batch.columns.columns)
    return (replace(batch, columns=batch.columns.select(list(wanted)), dropped=Dropped()),)


def in_order(parts: Gathered) -> Batch:
    """All gathered rows in the order of their ids: the same, however they were cut and shuffled."""
    columns = pl.concat([part.columns for part in parts], how="vertical_relaxed")
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(ids, kind="stable")
    columns = columns[order] if columns.width else columns
    return replace(parts[0], columns=columns, ids=ids[order], dropped=Dropped())
