"""Drops records that describe the same thing with differences in some of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import Column, Columns, Fault, unfit
from trimtab.core.objects import Batch
from trimtab.data.copies import Copies
from trimtab.data.kinds import present
from trimtab.data.pairs import Pairs
from trimtab.data.records import similar_records


@dataclass(frozen=True)
class RecordDuplicates(Copies):
    """Drop records that are at least `similarity` like a record that stays.

    Likeness is the weighted mean over `columns` (by default all but the label) of the likeness of their
    values: strings by their shared pairs of characters (Dice), numbers by their relative difference (none
    left at a tenth), dates and times by their distance (none left after 30 days), anything else by equality.
    A field that either record lacks does not count, but the fields that count must weigh half of all.

    Only records that agree in a blocking key are compared. `block` lists the keys, each a column or several
    joined by `+`; by default every column is one. A value that more than `largest_block` records share says
    little and blocks nothing. The weight of a column is, where `weights` does not give it, the information of
    an agreement in it: minus the logarithm of the chance that two records agree (Fellegi and Sunter, 1969).
    """

    name: ClassVar[str] = "record_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"tabular"})

    columns: tuple[Column, ...] = ()
    block: tuple[str, ...] = ()
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = field(default_factory=dict)
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.9
    largest_block: Annotated[int, Field(ge=2)] = 100

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """Columns of keys and weights that are not there, too."""
        yield from super().check(columns)
        if columns is not None:
            for name in dict.fromkeys([*chain(*self._keys), *self.weights]):
                yield from unfit(name, columns)

    def summary(self, batch: Batch) -> pl.DataFrame:
        """The compared fields."""
        usual = [name for name in batch.columns.columns if name != self.label]
        compared = present(batch, self.columns or usual, self.name)
        keyed = present(batch, chain(*self._keys), self.name)
        present(batch, self.weights, self.name)
        return batch.columns.select([*dict.fromkeys([*compared, *keyed])])

    @property
    def _keys(self) -> list[tuple[str, ...]]:
        """The columns of each blocking key."""
        return [tuple(key.split("+")) for key in self.block]

    def pairs(self, summaries: Sequence[pl.DataFrame], order: np.ndarray) -> Pairs:
        """The records that are alike."""
        records = pl.concat(summaries, how="vertical_relaxed")[order]
        compared = self.columns or tuple(records.columns)
        keys = self._keys or [(name,) for name in compared]
        return similar_records(
            records, compared, keys, dict(self.weights), self.similarity, self.largest_block
        )

    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> list[str]:
        """The record that each is like, and how much."""
        pairs = zip(twin.tolist(), likeness.tolist(), strict=True)
        return [f"record like row {row} (similarity {like:.2f})" for row, like in pairs]
