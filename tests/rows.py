"""Small batches that several tests clean."""

from __future__ import annotations

from collections.abc import Sequence
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
    return Batch(pl.DataFrame(columns | more), np.arange(n, dtype=np.int64) * 7 + 3)


def blocks_of(batch: Batch, parts: int) -> list[Batch]:
    return [batch.take(at) for at in np.array_split(np.arange(len(batch)), parts)]


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
        return isinstance(right, np.ndarray) and left.dtype == right.dtype and np.array_equal(left, right)
    return bool(left == right)
