"""What every feature step shares: it writes one column of numbers and knows their names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.features.matrix import Matrix, as_series

Names = Mapping[str, Sequence[str]]
"""Feature column to the names of what it holds."""
Gathered = tuple[Batch, ...]
"""Blocks of rows, cut down to the columns that learning needs."""


@dataclass(frozen=True)
class Feature(Step):
    """A step that adds the feature column `into` (its own name by default) and keeps all rows."""

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

    def __call__(self, batch: Batch) -> Batch:
        """Add the feature column.

        Raises:
            DataError: the step has learnt nothing yet.
        """
        if any(getattr(self, field) is None for field in self.learned):
            raise DataError(f"step {self.name}", "has learnt nothing yet", "call learn on train rows first")
        return batch.with_columns(**{self.output: as_series(self.vectors(batch))})


def feature_names(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The names of the features in each column that the learned steps write, in the order they ran."""
    known: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if isinstance(step, Feature):
            known[step.output] = step.names(known)
    return known


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
