"""Small batches that several tests clean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.objects import Batch

ENGLISH = (
    "My card has not arrived",
    "my  card has NOT arrived",
    "My card has not arrived!",
    "Where is my card? It was sent two weeks ago and the post office knows nothing of it",
    "Where is my card? It was sent two weeks ago and the post office knows nothing of it.",
    "How do I top up by bank transfer",
    "zxqv",
    "",
    "I lost my card " * 40,
    "Cash was taken from my account",
    "Cash was taken from my account",
)
CHINESE = (
    "我的卡还没有到",
    "我的卡还没有到。",
    "银行卡丢了怎么办,请告诉我应该给谁打电话才能马上把它锁住",
    "银行卡丢了怎么办,请告诉我应该给谁打电话才能马上把它锁住!",
    "怎样转账",
    "怎样转账",
)


def batch_of(texts: Sequence[str | None], labels: Sequence[str] | None = None, **more: Any) -> Batch:
    """A batch with a label, a column of numbers and one of categories, some of them missing."""
    n = len(texts)
    columns: dict[str, Any] = {
        "text": pl.Series(texts, dtype=pl.String),
        "label": pl.Series(labels or ["ab"[at % 2] for at in range(n)], dtype=pl.String),
        "amount": pl.Series([None if at % 4 == 3 else float(at % 5) for at in range(n)], dtype=pl.Float64),
        "kind": pl.Series([("new", "", None)[at % 3] for at in range(n)], dtype=pl.String),
    }
    return Batch(pl.DataFrame(columns | more), _ids(n))


def tabular_of(rows: int, seed: int = 0) -> Batch:
    """Numbers with gaps and one far value, a category with gaps, a date, a class."""
    rng = np.random.default_rng(seed)
    numbers = [
        None if at % 7 == 3 else float(value) for at, value in enumerate(rng.normal(50, 5, rows).round(2))
    ]
    if rows > 5:
        numbers[5] = 4_000.0
    columns = {
        "age": pl.Series(numbers, dtype=pl.Float64),
        "visits": pl.Series([int(value) for value in rng.poisson(3, rows)], dtype=pl.Int64),
        "city": pl.Series([("Bern", "上海", "", None)[at % 4] for at in range(rows)], dtype=pl.String),
        "since": pl.Series([date(2020, 1, 1) + timedelta(days=37 * at) for at in range(rows)], dtype=pl.Date),
        "label": pl.Series(["yn"[at % 3 == 0] for at in range(rows)], dtype=pl.String),
    }
    return Batch(pl.DataFrame(columns), _ids(rows), modality="tabular")


def series_of(rows: int, seed: int = 0) -> Batch:
    """Two interleaved hourly series `sensor` in long form, with gaps and one spike; and their classes."""
    rng = np.random.default_rng(seed)
    values = [None if at % 9 == 4 else float(np.sin(at / 4) + rng.normal(0, 0.05)) for at in range(rows)]
    if rows > 10:
        values[10] = 40.0
    columns = {
        "time": pl.Series(
            [datetime(2024, 1, 1) + timedelta(hours=at // 2) for at in range(rows)], dtype=pl.Datetime
        ),
        "sensor": pl.Series(["ab"[at % 2] for at in range(rows)], dtype=pl.String),
        "value": pl.Series(values, dtype=pl.Float64),
        "label": pl.Series(["ab"[at % 2] for at in range(rows)], dtype=pl.String),
    }
    return Batch(pl.DataFrame(columns), _ids(rows), modality="series")


def curves_of(rows: int, length: int = 24, seed: int = 0) -> Batch:
    """One whole series a row, in the list column `values`, with its class."""
    rng = np.random.default_rng(seed)
    curves = [
        (np.sin(np.arange(length) / 3 + at) + rng.normal(0, 0.1, length)).tolist() for at in range(rows)
    ]
    columns = {
        "values": pl.Series(curves, dtype=pl.List(pl.Float64)),
        "label": pl.Series(["ab"[at % 2] for at in range(rows)], dtype=pl.String),
    }
    return Batch(pl.DataFrame(columns), _ids(rows), modality="series")


def images_of(rows: int, side: int = 16, seed: int = 0) -> Batch:
    """Small PNG pictures in the binary column `image`, with their classes."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(rows):
        held = BytesIO()
        coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(np.kron(coarse, np.ones((side // 4, side // 4, 1), np.uint8))).save(held, "PNG")
        pictures.append(held.getvalue())
    columns = {
        "image": pl.Series(pictures, dtype=pl.Binary),
        "label": pl.Series(["ab"[at % 2] for at in range(rows)], dtype=pl.String),
    }
    return Batch(pl.DataFrame(columns), _ids(rows), modality="image")


def embedded_of(rows: int, width: int = 8, seed: int = 0) -> Batch:
    """Texts with embeddings, every third one nearly the same as the one before it."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows, width))
    for at in range(2, rows, 3):
        vectors[at] = vectors[at - 1] + rng.normal(0, 0.01, width)
    columns = {
        "text": pl.Series([f"text {at}" for at in range(rows)], dtype=pl.String),
        "label": pl.Series(["ab"[at % 2] for at in range(rows)], dtype=pl.String),
        "embedding": pl.Series(vectors.tolist(), dtype=pl.List(pl.Float64)),
    }
    return Batch(pl.DataFrame(columns), _ids(rows))


def _ids(rows: int) -> np.ndarray:
    return np.arange(rows, dtype=np.int64) * 7 + 3


def blocks_of(batch: Batch, parts: int, together: tuple[str, ...] | None = None) -> list[Batch]:
    """The rows in `parts` blocks; rows with equal values in the columns `together` stay in one block."""
    if together is None:
        return [batch.take(at) for at in np.array_split(np.arange(len(batch)), parts)]
    known = [name for name in together if name in batch.columns.columns]
    keys = batch.columns.select(known).hash_rows().to_numpy() if known else np.zeros(len(batch), np.uint64)
    return [batch.take(np.flatnonzero(keys % parts == part)) for part in range(parts)]


def same_state(left: Any, right: Any) -> bool:
    """True when two steps hold the same parameters and have learnt the same."""
    ours, theirs = left.state(), right.state()
    return (
        type(left) is type(right)
        and ours.keys() == theirs.keys()
        and all(_same(ours[key], theirs[key]) for key in ours)
    )


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        if not isinstance(right, np.ndarray) or left.dtype != right.dtype:
            return False
        return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    return bool(left == right)
