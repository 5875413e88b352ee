"""Finds the lines of JSON that may hold one key twice: Polars keeps the first of its values, in silence.

To parse each line again would cost more than reading does, so keys are counted instead: where a line has as
many keys with a value as its row has values, each value of the line stands in the row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

_QUOTE, _COLON, _BLANK, _NULL, _ESCAPE = b'": n\\'
_CHUNK = 1 << 17
"""Bytes looked at together: they stay in the processor's cache."""


def doubtful(raw: bytes, ends: np.ndarray, rows: pl.DataFrame) -> np.ndarray:
    """The rows, sorted, whose line has more keys with a value than the row has values; `ends` of the lines.

    No line that gives one key two values is left out; one with a text that begins with a colon may be in. A
    null behind a value of the same key is not seen: the value stays.
    """
    keys = np.concatenate([*_keys(np.frombuffer(raw, np.uint8)), np.zeros(0, np.int64)])
    inner = [_inside(pl.col(name), kind) for name, kind in rows.schema.items() if kind.is_nested()]
    within = rows.select(pl.sum_horizontal(inner)).to_series() if inner else pl.Series([0])
    if len(keys) == within.sum() + rows.height * rows.width - sum(rows.null_count().row(0)):
        return np.zeros(0, np.int64)
    written = np.diff(np.searchsorted(keys, ends), prepend=0)
    held = rows.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int64))).to_series() + within
    return np.flatnonzero(written > held.to_numpy())


def _keys(data: np.ndarray) -> Iterator[np.ndarray]:
    """The places, in order, of colons between a key and a value: behind a quote, and before no null."""
    for start in range(0, len(data), _CHUNK):
        places = np.flatnonzero(data[start : start + _CHUNK] == _COLON) + start
        places = places[_ends_a_key(data, _beside(data, places, -1))]
        yield places[data[_beside(data, places, 1)] != _NULL]


def _ends_a_key(data: np.ndarray, places: np.ndarray) -> np.ndarray:
    """True for quotes; not for one behind a single backslash, which stands within a text that holds JSON."""
    before, two = (data[np.maximum(places - back, 0)] for back in (1, 2))
    return np.asarray((data[places] == _QUOTE) & ((before != _ESCAPE) | (two == _ESCAPE)))


def _beside(data: np.ndarray, places: np.ndarray, way: int) -> np.ndarray:
    """The next place on one side of each that is not blank, or the last one there."""
    found = np.clip(places + way, 0, len(data) - 1)
    blank = np.flatnonzero(data[found] <= _BLANK)
    while len(blank):
        found[blank] = np.clip(found[blank] + way, 0, len(data) - 1)
        blank = blank[(data[found[blank]] <= _BLANK) & (found[blank] > 0) & (found[blank] < len(data) - 1)]
    return found


def _inside(values: pl.Expr, kind: object) -> pl.Expr:
    """How many keys with a value stand in the objects that a value of a column is or holds."""
    if isinstance(kind, pl.Struct) and kind.fields:
        parts = [(values.struct.field(one.name), one.dtype) for one in kind.fields]
        return pl.sum_horizontal(
            part.is_not_null().cast(pl.Int64) + _inside(part, inner) for part, inner in parts
        )
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct | pl.List):
        inside = values.list.eval(_inside(pl.element(), kind.inner)).list.sum()
        return inside.fill_null(0).cast(pl.Int64)
    return pl.lit(0, pl.Int64)
