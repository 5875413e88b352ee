"""Rows on disk in blocks, for steps that must see them several times; one block at a time is in memory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from trimtab.core.objects import Batch


class Spool:
    """Blocks of rows in a folder: uncompressed Parquet, read back faster than any packed form.

    A block is a list of pieces, so that rows may be added to every block at any time. Drops are not kept.
    """

    def __init__(self, folder: Path, parts: int = 0) -> None:
        folder.mkdir()
        self.folder = folder
        self.modality = "tabular"
        self.blocks: list[list[Path]] = [[] for _ in range(parts)]
        self.pieces = 0

    def __len__(self) -> int:
        return len(self.blocks)

    def append(self, batch: Batch) -> None:
        """Keep the rows as a new block."""
        self.blocks.append([self._write(batch)])

    def scatter(self, batch: Batch, columns: Sequence[str]) -> None:
        """Add the rows to the blocks, by the hash of `columns`; of none of them, all to the first."""
        known = [name for name in columns if name in batch.columns.columns]
        hashes = (
            batch.columns.select(known).hash_rows().to_numpy() if known else np.zeros(len(batch), np.uint64)
        )
        for part, block in enumerate(self.blocks):
            block.append(self._write(batch.take(np.flatnonzero(hashes % len(self) == part))))

    def read(self, block: int) -> Batch:
        """The rows of a block, in the order they came."""
        frames = [pl.read_parquet(path) for path in self.blocks[block]]
        ids = [np.load(path.with_suffix(".npy")) for path in self.blocks[block]]
        if len(frames) == 1:
            return Batch(frames[0], ids[0], self.modality)
        return Batch(
            pl.concat(frames, how="vertical_relaxed", rechunk=True), np.concatenate(ids), self.modality
        )

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _write(self, batch: Batch) -> Path:
        path = self.folder / f"{self.pieces:06d}.parquet"
        self.pieces += 1
        self.modality = batch.modality
        batch.columns.write_parquet(path, compression="uncompressed", statistics=False)
        np.save(path.with_suffix(".npy"), batch.ids)
        return path
