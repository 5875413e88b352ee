"""Cuts rows into blocks, brings rows together that must not be parted, and joins blocks again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.objects import Batch


def cut(batch: Batch, parts: int) -> list[Batch]:
    """The rows in `parts` blocks of nearly equal size, in order; earlier drops stay with the first."""
    size, longer = divmod(len(batch), parts)
    starts = [at * size + min(at, longer) for at in range(parts + 1)]
    return _with_drops([_part(batch, first, last) for first, last in pairwise(starts)], batch)


def scatter(batch: Batch, columns: Sequence[str], parts: int) -> list[Batch]:
    """The rows in `parts` blocks by the hash of `columns`; of none of them: all rows in the first."""
    known = [name for name in columns if name in batch.columns.columns]
    keys = batch.columns.select(known).hash_rows().to_numpy() if known else np.zeros(len(batch), np.uint64)
    return _with_drops([batch.take(np.flatnonzero(keys % parts == part)) for part in range(parts)], batch)


def join(blocks: Sequence[Batch]) -> Batch:
    """All rows of the blocks, in order of id, and all that was dropped."""
    filled = [block for block in blocks if len(block)] or blocks[:1]  # of no rows, types are a guess
    ids = np.concatenate([block.ids for block in filled])
    columns = pl.concat([block.columns for block in filled], how="vertical_relaxed")
    if np.any(ids[1:] < ids[:-1]):
        order = np.argsort(ids, kind="stable")
        columns, ids = columns[order], ids[order]
    dropped = Dropped(tuple(part for block in blocks for part in block.dropped.parts))
    return replace(blocks[0], columns=columns, ids=ids, dropped=dropped)


def regroup(blocks: Sequence[Batch], columns: Sequence[str]) -> list[Batch]:
    """As many blocks, where rows with equal values in `columns` lie in one."""
    pieces = [scatter(block, columns, len(blocks)) for block in blocks]
    return [join(share) for share in zip(*pieces, strict=True)]


def _part(batch: Batch, first: int, last: int) -> Batch:
    """Rows next to each other, without a copy."""
    columns = batch.columns.slice(first, last - first)
    return replace(batch, columns=columns, ids=batch.ids[first:last], dropped=Dropped())


def _with_drops(blocks: list[Batch], batch: Batch) -> list[Batch]:
    return [replace(blocks[0], dropped=batch.dropped), *blocks[1:]]
