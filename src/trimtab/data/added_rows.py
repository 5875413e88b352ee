"""What every step that adds rows shares: the ids of new rows, and copies that do not depend on blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self
from zlib import crc32

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.core.step import Step

Draws = Sequence[np.random.Generator]


@dataclass(frozen=True)
class AddedRows(Step):
    """A step that adds rows to the train rows.

    New row k that belongs to row i gets the id `i + k * (base + 1)`, where `base` is the largest id seen in
    learning: new, and traced back to row i by the remainder. A block gets the new rows of its own rows.
    """

    train_only: ClassVar[bool] = True
    adds_rows: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("base",)

    seed: Annotated[int, Field(ge=0)] = 0
    base: int | None = None

    def partial(self, batch: Batch) -> Any:
        """The largest id; -1 of no rows."""
        return int(batch.ids.max(initial=-1))

    def merge(self, left: Any, right: Any) -> Any:
        """The larger one."""
        return max(left, right)

    def finish(self, total: Any) -> Self:
        """The step that knows which ids are free."""
        return replace(self, base=total)

    def new_ids(self, rows: np.ndarray, number: np.ndarray | int) -> np.ndarray:
        """The ids (n,) of new rows `number` (from 1) that belong to the rows with ids `rows` (n,)."""
        if self.base is None:
            raise ValueError(f"step {self.name} has not learned which ids are free: call learn first")
        return np.asarray(rows, np.int64) + np.asarray(number, np.int64) * (self.base + 1)

    def draws(self, rows: np.ndarray, number: int) -> Draws:
        """A random generator for each row: it follows from seed, step, row and copy alone."""
        step = crc32(self.name.encode())
        return [np.random.default_rng([self.seed, step, row, number]) for row in rows.tolist()]


def extended(
    batch: Batch, at: np.ndarray, ids: np.ndarray, changed: Mapping[str, Sequence[Any] | pl.Series]
) -> Batch:
    """The batch, and after it its rows `at` (n,) again under `ids` (n,), with the columns `changed`."""
    if len(at) == 0:
        return batch
    fresh = [pl.Series(name, values, batch[name].dtype) for name, values in changed.items()]
    more = batch.columns[at].with_columns(fresh)
    return replace(
        batch, columns=pl.concat([batch.columns, more]), ids=np.concatenate((batch.ids, ids)).astype(np.int64)
    )


@dataclass(frozen=True)
class ChangedCopies(AddedRows):
    """Adds `copies` of a `share` of the rows, each with one column changed at random; the label stays.

    A row without a value in that column is not copied; a copy that came out equal to its row is not kept.
    """

    copies: Annotated[int, Field(ge=1, le=100)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    def column(self, batch: Batch) -> str:
        """The column that is changed, which the batch has."""
        raise NotImplementedError

    def change(self, value: Any, rng: np.random.Generator, row: int) -> Any:
        """The changed value; None where it cannot be changed. `row` is the id, for messages."""
        raise NotImplementedError

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them their changed copies."""
        column = self.column(batch)
        values = batch[column].to_list()
        at: list[int] = []
        fresh: list[Any] = []
        ids: list[np.ndarray] = [np.zeros(0, np.int64)]
        for copy in range(1, self.copies + 1):
            made = {
                place: self.change(values[place], rng, int(batch.ids[place]))
                for place, rng in enumerate(self.draws(batch.ids, copy))
                if rng.random() < self.share and values[place] is not None
            }
            made = {place: value for place, value in made.items() if value is not None}
            at += made.keys()
            fresh += made.values()
            ids.append(self.new_ids(batch.ids[list(made)], copy))
        return extended(batch, np.array(at, np.int64), np.concatenate(ids), {column: fresh})
