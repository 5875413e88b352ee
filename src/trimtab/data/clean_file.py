"""Cleans rows that need not fit in memory: blocks on disk, as many passes over them as the steps need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import Step, save_steps
from trimtab.data.ahead import ahead
from trimtab.data.copies import Total
from trimtab.data.csv_blocks import PIECE, CsvBlocks, OtherTypes
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.engine_local import apply
from trimtab.data.repeats import Repeats
from trimtab.data.spool import Spool


@dataclass(frozen=True)
class Cleaned:
    """What cleaning left in `folder`: `rows` clean ones, `dropped` that went.

    `rows/` and `dropped/` hold them as Parquet files, numbered in order (`Dropped.load` reads the latter);
    `steps.json` the learned steps (`load_steps`).
    """

    folder: Path
    steps: tuple[Step, ...]
    rows: int
    dropped: int


def clean_file(source: Path, target: Path, steps: Sequence[Step], piece: int = PIECE) -> Cleaned:
    """Clean a CSV or TSV file of any size into the new folder `target`; ids are row numbers from 0.

    About ten times `piece` bytes are held at a time, beside what the steps learn. A temporary folder beside
    `target` takes about as much disk as the file.

    Raises:
        DataError: `target` exists, or the file is not sound; the message names the line.
    """
    blocks = CsvBlocks.open(source, piece)
    try:
        return clean_blocks(_rows(blocks, piece), target, steps)
    except OtherTypes:
        return clean_blocks(_rows(blocks.settled(), piece), target, steps)


def _rows(blocks: CsvBlocks, piece: int) -> Iterator[Batch]:
    start = 0
    for frame in ahead(blocks.parse, blocks.pieces(piece)):
        yield Batch(frame, np.arange(start, start + frame.height, dtype=np.int64), "tabular")
        start += frame.height


def clean_blocks(source: Iterable[Batch], target: Path, steps: Sequence[Step]) -> Cleaned:
    """Clean rows that come in blocks into the new folder `target`; `source` is read once.

    The result is that of the steps on all rows at once, whatever the blocks. What the blocks bring as
    dropped is kept with the rest. A step that needs rows `together` cuts new blocks, by hash.

    Raises:
        DataError: `target` exists.
    """
    if target.exists():
        raise DataError(str(target), "exists already", "name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
        work = _Work(Path(temporary), source)
        for step in steps:
            if step.together is not None:
                work.regroup(step.together)
            work.learn(step)
        rows = work.finish()
        work.made.rename(target)
    return Cleaned(target, tuple(work.learned), rows, work.dropped)


class _Work:
    """The state of one cleaning: rows on disk, steps learned, and steps the rows on disk still lack."""

    def __init__(self, folder: Path, source: Iterable[Batch]) -> None:
        self.made = folder / "made"
        self.folder = folder
        self.spool = Spool(folder / "rows")
        self.source: Iterable[Batch] | None = source
        self.learned: list[Step] = []
        self.pending: list[Step] = []
        self.dropped = 0
        self._files = 0
        (self.made / "rows").mkdir(parents=True)

    def learn(self, step: Step) -> None:
        """Learn the next step from the rows as the ones before leave them."""
        ready: Callable[[], Iterator[Batch]] = partial(self._ready, tuple(self.pending))
        if isinstance(step, DropDuplicates):
            step = _learn_copies(step, ready, self.folder)
        else:
            step = step.learn_blocks(ready())
        self._drain()
        self.learned.append(step)
        self.pending.append(step)

    def regroup(self, columns: Sequence[str]) -> None:
        """Make new blocks, in which rows that are alike in `columns` lie together."""
        self._drain()
        number = len(self.learned)
        fresh = Spool(self.folder / f"rows-{number}", parts=len(self.spool) if columns else 1)
        for batch in self._ready(tuple(self.pending)):
            self._keep(batch.dropped)
            fresh.scatter(batch, columns)
        self.spool.remove()
        self.spool, self.pending = fresh, []

    def finish(self) -> int:
        """Write what is left and what went; how many rows are left."""
        self._drain()
        rows = 0
        for number, batch in enumerate(self._ready(tuple(self.pending))):
            path = self.made / "rows" / f"{number:06d}.parquet"
            batch.columns.write_parquet(path, compression="lz4")
            self._keep(batch.dropped)
            rows += len(batch)
        save_steps(self.learned, self.made)
        return rows

    def _ready(self, steps: Sequence[Step]) -> Iterator[Batch]:
        """The rows after `steps`; the first pass takes them from the source, and keeps them on disk."""
        if self.source is None:
            yield from ahead(lambda block: apply(steps, [self.spool.read(block)])[0], range(len(self.spool)))
            return
        source, self.source = self.source, None
        for batch in source:
            self._keep(batch.dropped)
            rows = replace(batch, dropped=Dropped())
            self.spool.append(rows)
            yield rows

    def _drain(self) -> None:
        """Read the source, where no step did."""
        if self.source is not None:
            for _ in self._ready(()):
                pass

    def _keep(self, dropped: Dropped) -> None:
        dropped.save(self.made / "dropped", self._files)
        self._files += len(dropped.parts)
        self.dropped += len(dropped)


def _learn_copies(step: DropDuplicates, rows: Callable[[], Iterator[Batch]], folder: Path) -> Step:
    """Learned from the rows whose hash occurs more than once: the others are nobody's copy.

    Equal hashes only say where to look; the step itself compares the rows.
    """
    repeats = Repeats(folder)
    for batch in rows():
        repeats.add(step.keys(step.partial(batch))[1])
    found = pl.Series(repeats.found()).implode()

    def picked() -> Iterator[Total]:
        for batch in rows():
            summary = step.partial(batch)
            places, hashes = step.keys(summary)
            yield step.pick(summary, places[pl.Series(hashes).is_in(found).to_numpy()])

    return step.finish(reduce(step.merge, picked()))
