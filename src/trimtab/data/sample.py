"""Rows gathered from blocks, at most so many, the same ones whatever the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trimtab.core.objects import Batch
from trimtab.data.splitmix import drawn


@dataclass(frozen=True)
class Rows:
    """Some columns of some rows, with the ids of the rows."""

    columns: pl.DataFrame
    ids: np.ndarray

    def batch(self) -> Batch:
        """The rows in the order of their ids."""
        order = np.argsort(self.ids, kind="stable")
        columns = (
            self.columns[order] if self.columns.width else self.columns
        )  # a frame without columns has no rows
        return Batch(columns, self.ids[order], "tabular")


def rows_of(batch: Batch, names: Sequence[str]) -> Rows:
    """The named columns of a batch."""
    return Rows(batch.columns.select(names), batch.ids)


def add_rows(left: Rows, right: Rows) -> Rows:
    """Both; a column that one lacks is missing there."""
    columns = pl.concat([left.columns, right.columns], how="diagonal_relaxed")
    return Rows(columns, np.concatenate([left.ids, right.ids]))


def sample(rows: Rows, most: int, seed: int) -> Rows:
    """At most `most` rows, by `drawn`."""
    if len(rows.ids) <= most:
        return rows
    order = drawn(rows.ids, most, seed)
    return Rows(rows.columns[order], rows.ids[order])
