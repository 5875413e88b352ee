"""Rows in blocks, for steps that must see them several times: in memory up to a limit, then on disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.objects import Batch
from trimtab.data.blocks import scatter


@dataclass(frozen=True)
class Stored:
    """A piece on disk: of a file the bytes from `start` on, the columns and then the ids of `rows` rows."""

    path: Path
    start: int
    columns: int
    rows: int
    size: int
    """Bytes that it takes in memory."""


class Spool:
    """Blocks of rows, of which `room` bytes stay in memory; each other one has a file in a folder.

    The files hold uncompressed Parquet, read back faster than any packed form. A block is a list of pieces,
    so that rows may be added to every block at any time. Drops are not kept.
    """

    def __init__(self, folder: Path, room: int, parts: int = 0) -> None:
        folder.mkdir()
        self.folder = folder
        self.room = room
        self.modality = "tabular"
        self.blocks: list[list[Stored | Batch]] = [[] for _ in range(parts)]

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def size(self) -> int:
        """Bytes that all blocks take in memory."""
        return sum(
            size_of(piece) if isinstance(piece, Batch) else piece.size
            for block in self.blocks
            for piece in block
        )

    def append(self, batch: Batch) -> None:
        """Keep the rows as a new block."""
        self.blocks.append([])
        self._add(len(self) - 1, batch)

    def scatter(self, batch: Batch, columns: Sequence[str]) -> None:
        """Add the rows to the blocks, by the hash of `columns`; of none of them, all to the first."""
        for block, rows in enumerate(scatter(batch, columns, len(self))):
            self._add(block, rows)

    def read(self, block: int) -> Batch:
        """The rows of a block, in the order they came."""
        pieces = [piece if isinstance(piece, Batch) else self._load(piece) for piece in self.blocks[block]]
        if len(pieces) == 1:
            return pieces[0]
        columns = pl.concat([piece.columns for piece in pieces], how="vertical_relaxed", rechunk=True)
        return Batch(columns, np.concatenate([piece.ids for piece in pieces]), self.modality)

    def on_disk(self, block: int) -> bool:
        """True where a part of the block does not lie in memory."""
        return any(isinstance(piece, Stored) for piece in self.blocks[block])

    def update(self, block: int, batch: Batch) -> None:
        """Put other rows in the place of a block."""
        self.free(block)
        self._add(block, batch)

    def free(self, block: int) -> None:
        """Forget a block."""
        self.room += sum(size_of(piece) for piece in self.blocks[block] if isinstance(piece, Batch))
        self.blocks[block] = []
        self._path(block).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _add(self, block: int, batch: Batch) -> None:
        batch = replace(batch, dropped=Dropped())
        self.modality = batch.modality
        size = size_of(batch)
        if size <= self.room:
            self.room -= size
            self.blocks[block].append(batch)
            return
        with self._path(block).open("ab") as stream:
            start = stream.tell()
            batch.columns.write_parquet(stream, compression="uncompressed", statistics=False)
            columns = stream.tell() - start
            stream.write(np.asarray(batch.ids, np.int64).tobytes())
        self.blocks[block].append(Stored(self._path(block), start, columns, len(batch), size))

    def _load(self, piece: Stored) -> Batch:
        with piece.path.open("rb") as stream:
            stream.seek(piece.start)
            columns = pl.read_parquet(stream.read(piece.columns))
            return Batch(columns, np.fromfile(stream, np.int64, piece.rows), self.modality)

    def _path(self, block: int) -> Path:
        return self.folder / f"{block:06d}"


def size_of(batch: Batch) -> int:
    """Bytes of the rows in memory."""
    return int(batch.columns.estimated_size()) + batch.ids.nbytes
