"""Drops exact copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from trimtab.core.columns import Column
from trimtab.core.objects import Batch
from trimtab.data.copies import KeyedCopies
from trimtab.data.kinds import present
from trimtab.data.pairs import Pairs
from trimtab.data.terms import normal

_SEEDS = (20260101, 20260102)


@dataclass(frozen=True)
class DropDuplicates(KeyedCopies):
    """Drop rows that equal an earlier one in `columns`, by default in the text; where there is none, in all.

    Equal is what two 64-bit hashes call equal: among a billion rows a false copy has a chance of 2e-21. Null
    and empty string differ. Rows that lack a value in all columns are no copies of each other. `fold` takes
    strings as equal that differ only in case, white space and the ways that Unicode has to write a character
    (NFKC: full and half width, composed and decomposed).
    """

    name: ClassVar[str] = "drop_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "image"})
    single: ClassVar[bool] = True

    columns: tuple[Column, ...] = ()
    fold: bool = False

    def summary(self, batch: Batch) -> np.ndarray:
        """Two hashes (rows, 2) of each row; zeros where no value is."""
        cells, empty = self._cells(batch)
        hashes = np.stack([cells.hash_rows(seed).to_numpy() for seed in _SEEDS], axis=1)
        hashes[empty] = 0
        return hashes

    def block_keys(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """As `keys`, of one block: no more is hashed than it needs."""
        cells, empty = self._cells(batch)
        rows = np.flatnonzero(~empty)
        return rows, cells.hash_rows(_SEEDS[0]).to_numpy()[rows]

    def _cells(self, batch: Batch) -> tuple[pl.DataFrame, np.ndarray]:
        """What is compared, and where (rows,) there is no value."""
        usual = (self.text,) if batch.modality == "text" else batch.columns.columns
        keys = batch.columns.select(present(batch, self.columns or usual, self.name))
        if self.fold:
            keys = keys.with_columns(
                _folded(keys[name]) for name, kind in keys.schema.items() if kind == pl.String
            )
        return keys, keys.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()

    def pairs(self, summaries: Sequence[np.ndarray], order: np.ndarray) -> Pairs:
        """No pairs but of equal rows."""
        hashes = pl.DataFrame(np.concatenate(summaries)[order], schema=["one", "two"])
        hashes = hashes.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"))
        row = pl.col("row")
        empty = (pl.col("one") == 0) & (pl.col("two") == 0)
        first = pl.when(empty).then(row).otherwise(row.min().over("one", "two"))
        same = hashes.select(first).to_series().to_numpy()
        none = np.zeros(0, np.int64)
        return Pairs(none, none, np.zeros(0), same)

    def keys_of(self, summary: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One of the two hashes of each row that has a value."""
        rows = np.flatnonzero(summary.any(axis=1))
        return rows, summary[rows, 0]

    def take(self, summary: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The hashes of some rows."""
        return summary[rows]

    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> pl.Series:
        """The rows that they equal."""
        del likeness
        return pl.select(pl.format("exact duplicate of row {}", pl.Series(twin))).to_series()


def _folded(values: pl.Series) -> pl.Series:
    folded = [None if value is None else normal(value) for value in values]
    return pl.Series(values.name, folded, pl.String)
