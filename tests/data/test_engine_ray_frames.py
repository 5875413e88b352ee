"""A frame comes out of the object store as it went in, and no block carries the texts of all."""

from __future__ import annotations

import pickle
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.engine_ray_frames import _frame, _parts

LONG = "a text that is too long to lie within its view"
texts = st.none() | st.sampled_from(["", "a", LONG, LONG[::-1], "é" * 20])
SCHEMA = {
    "text": pl.String,
    "bytes": pl.Binary,
    "number": pl.Float64,
    "words": pl.List(pl.String),
    "kind": pl.Categorical,
    "nothing": pl.String,
    "hollow": pl.Array(pl.Float32, 0),
}


def sent(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The frame as a reader gets it, and the bytes that went beside the pickle, as Ray sends them."""
    buffers: list[Any] = []
    message = pickle.dumps(_parts(frame), protocol=5, buffer_callback=buffers.append)
    return _frame(pickle.loads(message, buffers=buffers)), sum(len(one.raw()) for one in buffers)


def frame_of(values: list[str | None]) -> pl.DataFrame:
    columns = {
        "text": values,
        "bytes": [None if value is None else value.encode() for value in values],
        "number": [None if value is None else float(len(value)) for value in values],
        "words": [None if value is None else value.split() for value in values],
        "kind": values,
        "nothing": [None] * len(values),
        "hollow": [[]] * len(values),
    }
    return pl.DataFrame(columns, schema=SCHEMA)


@given(st.lists(texts, max_size=20), st.integers(0, 20), st.integers(0, 20), st.integers(1, 3))
def test_a_frame_comes_out_as_it_went_in(values, first, rows, chunks):
    frame = pl.concat([frame_of(values)] * chunks, rechunk=False).slice(first, rows)
    got, _ = sent(frame)
    assert got.schema == frame.schema
    assert got.equals(frame)


def test_a_frame_without_columns_or_without_rows_does_too():
    for frame in (
        pl.DataFrame(),
        frame_of([]),
        frame_of(["a"]).select("text"),
        frame_of(["a"]).select("hollow"),
    ):
        assert sent(frame)[0].equals(frame)


def test_a_block_does_not_carry_the_texts_of_the_others():
    whole = pl.DataFrame({"text": [f"{LONG} {number}" for number in range(10_000)]})
    _, all_bytes = sent(whole)
    _, few_bytes = sent(whole.slice(5_000, 100))
    assert few_bytes < all_bytes / 50
