"""Rows in blocks, for steps that must see them several times: in memory up to a limit, then on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.objects import Batch
from trimtab.data.blocks import scatter


class Spool:
    """Blocks of rows, of which `room` bytes stay in memory; the others lie in a folder.

    There they are uncompressed Parquet, read back faster than any packed form. A block is a list of pieces,
    so that rows may be added to every block at any time. Drops are not kept.
    """

    def __init__(self, folder: Path, room: int, parts: int = 0) -> None:
        folder.mkdir()
        self.folder = folder
        self.room = room
        self.modality = "tabular"
        self.blocks: list[list[Path | Batch]] = [[] for _ in range(parts)]
        self.files = 0

    def __len__(self) -> int:
        return len(self.blocks)

    def append(self, batch: Batch) -> None:
        """Keep the rows as a new block."""
        self.blocks.append([self._kept(batch)])

    def scatter(self, batch: Batch, columns: Sequence[str]) -> None:
        """Add the rows to the blocks, by the hash of `columns`; of none of them, all to the first."""
        for block, rows in zip(self.blocks, scatter(batch, columns, len(self)), strict=True):
            block.append(self._kept(rows))

    def read(self, block: int) -> Batch:
        """The rows of a block, in the order they came."""
        pieces = [piece if isinstance(piece, Batch) else self._load(piece) for piece in self.blocks[block]]
        if len(pieces) == 1:
            return pieces[0]
        columns = pl.concat([piece.columns for piece in pieces], how="vertical_relaxed", rechunk=True)
        return Batch(columns, np.concatenate([piece.ids for piece in pieces]), self.modality)

    def update(self, block: int, batch: Batch) -> bool:
        """Put other rows in the place of a block that lies in memory; False where it does not."""
        if any(isinstance(piece, Path) for piece in self.blocks[block]):
            return False
        self.free(block)
        self.blocks[block] = [self._kept(batch)]
        return True

    def free(self, block: int) -> None:
        """Forget a block."""
        self.room += sum(_size(piece) for piece in self.blocks[block] if isinstance(piece, Batch))
        self.blocks[block] = []

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _kept(self, batch: Batch) -> Path | Batch:
        batch = replace(batch, dropped=Dropped())
        self.modality = batch.modality
        if _size(batch) <= self.room:
            self.room -= _size(batch)
            return batch
        path = self.folder / f"{self.files:06d}.parquet"
        self.files += 1
        batch.columns.write_parquet(path, compression="uncompressed", statistics=False)
        np.save(path.with_suffix(".npy"), batch.ids)
        return path

    def _load(self, path: Path) -> Batch:
        return Batch(pl.read_parquet(path), np.load(path.with_suffix(".npy")), self.modality)


def _size(batch: Batch) -> int:
    return int(batch.columns.estimated_size()) + batch.ids.nbytes
