"""Opens the engine that the spec names, and runs steps over all rows of a batch on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped, Gone
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import engine_local, engine_ray
from trimtab.data.blocks import cut, join

BLOCK_BYTES = 32 << 20
"""Most bytes of a block; the result does not depend on it. A step may make ten times as many of it.

Fewer, larger blocks mean fewer objects, and fewer counts of values that many blocks hold: on 6 M rows of
12 columns, blocks of 8 MiB took about a third more processor time.
"""
BLOCKS_A_CORE, FEWEST_ROWS = 4, 10_000
"""A core gets that many blocks, if they have that many rows: then none waits long for the last one."""


class Engine(Protocol):
    """Runs steps over rows in blocks: `trimtab.data.engine_local`, `trimtab.data.engine_ray`."""

    def learn(
        self, steps: Iterable[Step], blocks: Sequence[Batch], /
    ) -> tuple[tuple[Step, ...], Sequence[Batch]]:
        """Each step learned from the rows as the steps before it left them, and the blocks after all."""

    def cores(self) -> int:
        """Blocks that it works on at a time."""

    def apply(self, steps: Iterable[Step], blocks: Sequence[Batch], /) -> Sequence[Batch]:
        """Blocks after learned steps."""


@contextmanager
def opened(name: str) -> Iterator[Engine]:
    """The engine `local`, `ray` or `ray://HOST:PORT`; a cluster that was joined for it is left at the end.

    Raises:
        EnvironmentFault: Ray is not installed, or no cluster answers.
    """
    if name == "local":
        yield engine_local
        return
    joined = engine_ray.connect("" if name == "ray" else name)
    try:
        yield engine_ray
    finally:
        if joined:
            engine_ray.leave()


def learn_rows(engine: Engine, steps: Sequence[Step], batch: Batch) -> tuple[tuple[Step, ...], Batch]:
    """The steps learned from the rows of `batch`, and the rows after them, in order of id."""
    learned, blocks = engine.learn(steps, _blocks(engine, batch))
    return learned, _whole(blocks, learned, batch)


def apply_rows(engine: Engine, steps: Sequence[Step], batch: Batch) -> Batch:
    """The rows of `batch` after learned steps, in order of id."""
    return _whole(engine.apply(steps, _blocks(engine, batch)), steps, batch)


def _blocks(engine: Engine, batch: Batch) -> list[Batch]:
    """On this machine one block: steps that look at neighbours then need no shuffle."""
    parts = 1
    if engine is not engine_local and len(batch):
        by_bytes = -(-int(batch.columns.estimated_size()) // BLOCK_BYTES)
        by_cores = min(BLOCKS_A_CORE * engine.cores(), len(batch) // FEWEST_ROWS)
        parts = max(by_bytes, by_cores, 1)
        if parts > engine.cores():  # no core works alone on the last block
            parts = -(-parts // engine.cores()) * engine.cores()
        parts = min(parts, len(batch))
    return cut(replace(batch, dropped=Dropped()), parts)


def _whole(blocks: Sequence[Batch], steps: Sequence[Step], before: Batch) -> Batch:
    """One batch of the blocks, the same for any number of them; what was dropped before stands first."""
    batch = join(list(blocks))
    others = sorted(gone.step for gone in batch.dropped.parts)  # a step may drop under another name
    names = dict.fromkeys([*(step.name for step in steps), *others])
    found = {name: [gone for gone in batch.dropped.parts if gone.step == name] for name in names}
    dropped = Dropped(tuple(_one(parts) for parts in found.values() if parts))
    return replace(batch, columns=batch.columns.rechunk(), dropped=before.dropped + dropped)


def _one(parts: Sequence[Gone]) -> Gone:
    """What a step dropped from all blocks, in order of id."""
    ids = np.concatenate([part.ids for part in parts])
    reasons = pl.concat([part.reasons for part in parts])
    # a step named twice may have met other columns the second time
    rows = pl.concat([part.rows for part in parts], how="diagonal_relaxed")
    if (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        ids, reasons, rows = ids[order], reasons[order], rows[order]
    return Gone(parts[0].step, ids, reasons.rechunk(), rows.rechunk())
