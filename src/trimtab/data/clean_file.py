"""Cleans rows that need not fit in memory: in blocks, which lie in memory up to a limit, then on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.machine import memory_bytes
from trimtab.core.objects import Batch
from trimtab.core.spec import FormatSpec
from trimtab.core.step import Step, save_steps
from trimtab.data import READERS
from trimtab.data.ahead import ahead
from trimtab.data.blocks import join
from trimtab.data.copies import Total
from trimtab.data.csv_blocks import PIECE, CsvBlocks, OtherTypes
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.read_batches import read_batches
from trimtab.data.read_csv import SEPARATORS
from trimtab.data.repeats import Repeats
from trimtab.data.sources import locate
from trimtab.data.spool import Spool, size_of

Made = TypeVar("Made")
Each = Callable[[Callable[[Batch], Any]], Iterator[Any]]
"""Does a piece of work on each block of rows."""
ROOM = 1 << 30
"""Bytes of rows that are held in memory."""
SHARES = 16
"""A block that is made of rows that belong together is of about this part of them."""
LATE = 4
"""Steps that a block on disk may lack before it is written anew: doing one again costs less than writing."""


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


def clean_file(
    source: Path,
    target: Path,
    steps: Sequence[Step],
    piece: int = PIECE,
    room: int | None = None,
    form: FormatSpec | None = None,
) -> Cleaned:
    """Clean a file of any size into the new folder `target`; ids are row numbers from 0.

    At most `room` bytes of rows are held in memory (by default 1 GiB, or an eighth of the memory if that is
    less), beside some ten times `piece` bytes and what the steps learn. The others lie in a temporary folder
    beside `target`.

    A CSV or TSV file as most programs write it is read fast, with the types that all of its rows have. Any
    other, and one whose `form` differs, comes as `read_batches` gives it: the first rows say the types that
    `form` does not, and unreadable rows are dropped ones, as many as `form` allows.

    Raises:
        DataError: `target` exists, the file is not there or not sound; the message names the line.
    """
    locate(source, "clean_file", list(READERS))
    plain = source.is_file() and source.suffix.lower().removeprefix(".") in SEPARATORS
    if not plain or form not in (None, FormatSpec()):
        return clean_blocks(read_batches(source, form, place="clean_file", piece=piece), target, steps, room)
    blocks = CsvBlocks.open(source, piece)
    try:
        return clean_blocks(_rows(blocks, piece), target, steps, room)
    except OtherTypes:
        return clean_blocks(_rows(blocks.settled(), piece), target, steps, room)


def _rows(blocks: CsvBlocks, piece: int) -> Iterator[Batch]:
    start = 0
    for frame in ahead(blocks.parse, blocks.pieces(piece)):
        yield Batch(frame, np.arange(start, start + frame.height, dtype=np.int64), "tabular")
        start += frame.height


def clean_blocks(
    source: Iterable[Batch], target: Path, steps: Sequence[Step], room: int | None = None
) -> Cleaned:
    """Clean rows that come in blocks into the new folder `target`; `source` is read once.

    The result is that of the steps on all rows at once, whatever the blocks. What the blocks bring as
    dropped is kept with the rest. A step that needs rows `together` cuts new blocks, by hash. `room` is that
    of `clean_file`.

    Raises:
        DataError: `target` exists.
    """
    if target.exists():
        raise DataError(str(target), "exists already", "name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    room = min(ROOM, memory_bytes() // 8) if room is None else room
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
        work = _Work(Path(temporary), source, room)
        for step in steps:
            if step.together is not None:
                work.regroup(step.together)
            work.learn(step)
        rows = work.finish()
        work.made.rename(target)
    return Cleaned(target, tuple(work.learned), rows, work.dropped)


class _Work:
    """The state of one cleaning: the steps learned, and blocks of rows, some of which lack the last ones.

    `done` says for each block how many of the learned steps its rows have been through.
    """

    def __init__(self, folder: Path, source: Iterable[Batch], room: int) -> None:
        self.made = folder / "made"
        self.folder = folder
        self.room = room
        self.spool = Spool(folder / "rows", room)
        self.source: Iterable[Batch] | None = source
        self.learned: list[Step] = []
        self.done: list[int] = []
        self.dropped = 0
        self._files = 0
        (self.made / "rows").mkdir(parents=True)

    def learn(self, step: Step) -> None:
        """Learn the next step from the rows as the ones before leave them."""
        if isinstance(step, DropDuplicates):
            step = _learn_copies(step, self._each, self.folder)
        elif type(step).partial is not Step.partial:  # else there is nothing in the rows to learn
            step = step.finish(reduce(step.merge, self._each(step.partial)))
        self.learned.append(step)

    def regroup(self, columns: Sequence[str]) -> None:
        """Make new blocks, in which rows that are alike in `columns` lie together."""
        self._read_source()
        share = max(self.room // SHARES, 1)
        parts = min(len(self.spool), self.spool.size // share + 1) if columns else 1
        fresh = Spool(self.folder / f"rows-{len(self.learned)}", self.room, parts)
        for batch in self._taken(share):
            fresh.scatter(batch, columns)
        self.spool.remove()
        self.spool, self.done = fresh, [len(self.learned)] * parts

    def finish(self) -> int:
        """Write what is left and what went; how many rows are left."""
        self._read_source()
        rows = 0
        for block, batch in enumerate(ahead(self._written, range(len(self.spool)))):
            self._keep(batch.dropped)
            self.spool.free(block)
            rows += len(batch)
        save_steps(self.learned, self.made)
        return rows

    def _each(self, work: Callable[[Batch], Made]) -> Iterator[Made]:
        """`work` on each block of rows after all steps so far.

        Blocks in memory are left at that, and those on disk that lack many steps, so that none is done often.
        """
        if self.source is not None:
            yield from ahead(work, self._from_source())
            return

        def both(block: int) -> tuple[Batch, Made]:
            batch = self._after(block)
            return batch, work(batch)

        for block, (batch, made) in enumerate(ahead(both, range(len(self.spool)))):
            if not self.spool.on_disk(block) or len(self.learned) - self.done[block] >= LATE:
                self.spool.update(block, batch)
                self.done[block] = len(self.learned)
                self._keep(batch.dropped)
            yield made

    def _after(self, block: int) -> Batch:
        return self._through(self.spool.read(block), self.done[block])

    def _through(self, batch: Batch, done: int) -> Batch:
        """Train rows that have been through `done` of the learned steps, after the others."""
        for step in self.learned[done:]:
            batch = step.on_train(batch)
        return batch

    def _written(self, block: int) -> Batch:
        batch = self._after(block)
        batch.columns.write_parquet(self.made / "rows" / f"{block:06d}.parquet", compression="lz4")
        return batch

    def _taken(self, size: int) -> Iterator[Batch]:
        """All rows after all steps so far, about `size` bytes at a time; they are kept here no longer."""
        held: list[Batch] = []
        bytes_held = 0
        for block, batch in enumerate(ahead(self._after, range(len(self.spool)))):
            self._keep(batch.dropped)
            self.spool.free(block)
            held.append(batch)
            bytes_held += size_of(batch)
            if bytes_held >= size:
                yield join(held)
                held, bytes_held = [], 0
        if held:
            yield join(held)

    def _from_source(self) -> Iterator[Batch]:
        """The rows as they come, after the steps so far, which learned nothing; they are kept."""
        source, self.source = self.source or (), None
        for fresh in source:
            batch = self._through(fresh, done=0)
            self._keep(batch.dropped)
            self.spool.append(batch)
            self.done.append(len(self.learned))
            yield batch
        if not self.done:
            raise DataError("clean_blocks", "no block of rows came", "give rows to clean")

    def _read_source(self) -> None:
        """Read the source, where no step did."""
        if self.source is not None:
            for _ in self._from_source():
                pass

    def _keep(self, dropped: Dropped) -> None:
        dropped.save(self.made / "dropped", self._files)
        self._files += len(dropped.parts)
        self.dropped += len(dropped)


def _learn_copies(step: DropDuplicates, each: Each, folder: Path) -> Step:
    """Learned from the rows whose hash occurs more than once: the others are nobody's copy.

    Equal hashes only say where to look; the step itself compares the rows.
    """
    repeats = Repeats(folder)

    def keys(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        rows, found = step.block_keys(batch)
        return found, batch.ids[rows]

    for found in each(keys):
        repeats.add(*found)
    rows = repeats.found()

    def picked(batch: Batch) -> Total:
        near = rows[np.minimum(np.searchsorted(rows, batch.ids), len(rows) - 1)] if len(rows) else None
        return step.partial(batch.take(np.flatnonzero(near == batch.ids)))

    return step.finish(reduce(step.merge, each(picked)))
