"""Rows that say the same: copies within the data, and what two parts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.objects import Batch
from trimtab.data.copies import Copies
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.leak import NEAR, leakage
from trimtab.data.near_duplicates import NearDuplicates

SHOWN = 20
LONGEST = 300
"""Characters of a text that are shown."""
SEED = 7


def evenly(batch: Batch, most: int) -> Batch:
    """At most so many rows, evenly spaced."""
    return batch.take(np.unique(np.linspace(0, len(batch) - 1, min(len(batch), most)).astype(np.int64)))


def duplicates(batch: Batch, sample: Batch, text: str | None, label: str | None) -> dict[str, Any]:
    """Rows that equal an earlier one in every column; with a text, in the text alone, and nearly so.

    Near ones are looked for in `sample`; `more` are those that equal none exactly.
    """
    keys = row_keys(batch, batch.columns.columns)
    found: dict[str, Any] = {"rows": len(keys) - len(np.unique(keys))}
    features = [name for name in batch.columns.columns if name != label]
    if label and features:
        found["conflicting"] = _conflicting(batch, features, label)
    if text is None:
        return found
    exact, near = (kind(text=text, label=label or text) for kind in (DropDuplicates, NearDuplicates))
    alike = _copies(near, sample)
    more = len(alike) - len(_copies(exact, sample))
    return found | {
        "text": _found(_copies(exact, batch), batch, text),
        "near": _found(alike, sample, text) | {"more": max(more, 0)},
    }


def _copies(step: Copies, batch: Batch) -> Dropped:
    texts = Batch(batch.columns, batch.ids, "text")
    return step.learn(texts)(texts).dropped


def _found(gone: Dropped, batch: Batch, text: str) -> dict[str, Any]:
    """How many texts repeat an earlier one, of how many that were looked at, and the first of them."""
    first = [
        {"row": drop.id, "reason": drop.reason, "text": str(drop.row[text])[:LONGEST]}
        for drop in gone[:SHOWN]
    ]
    return {"rows": len(gone), "of": len(batch), "first": first}


def row_keys(batch: Batch, columns: list[str]) -> np.ndarray:
    """A 64-bit hash (rows,) of the values; among ten million rows one false copy has chance 3e-6."""
    return batch.columns.select(columns).hash_rows(seed=SEED).to_numpy()


def _conflicting(batch: Batch, features: list[str], label: str) -> int:
    """Rows that equal another one in all but the label."""
    rows = pl.DataFrame({"key": row_keys(batch, features), "label": batch[label].cast(pl.String)})
    several = rows.group_by("key").agg(pl.col("label").drop_nulls().n_unique().alias("labels"), pl.len())
    return int(several.filter(pl.col("labels") > 1)["len"].sum())


def shared(train: Batch, test: Batch, text: str | None, label: str | None) -> dict[str, Any]:
    """Test rows that stand in the data too: whole rows but for the label; and texts, exactly and nearly.

    `rows` is None where columns hold values of `unlike` types, which nothing equals.
    """
    common = [name for name in train.columns.columns if name in test.columns.columns and name != label]
    unlike = [name for name in common if not _comparable(train[name], test[name])]
    found: dict[str, Any] = {
        "rows": None if unlike else _repeated(train, test, common),
        "of": len(test),
        "columns": len(common),
        "unlike": [
            {"column": name, "data": str(train[name].dtype), "test": str(test[name].dtype)} for name in unlike
        ],
    }
    if text is not None and text in test.columns.columns:
        found["texts"] = leakage(
            _texts(train, text, label), _texts(test, text, label), "text", "label", NEAR
        ).facts(SHOWN)
    return found


def _comparable(one: pl.Series, other: pl.Series) -> bool:
    """Whether equal values of two columns are equal: of one type, both numbers, or one without a value."""
    same = one.dtype == other.dtype or (one.dtype.is_numeric() and other.dtype.is_numeric())
    return same or min(one.count(), other.count()) == 0


def _repeated(train: Batch, test: Batch, columns: list[str]) -> int:
    """Test rows that stand in the data too; numbers are compared as numbers, columns without values not."""
    held = [name for name in columns if train[name].count() + test[name].count()]
    if not held:
        return 0
    parts = []
    for part, other in ((train, test), (test, train)):
        empty = [name for name in held if part[name].count() == 0]  # it takes the type of the other
        blank = [pl.lit(None, other[name].dtype).alias(name) for name in empty]
        parts.append(part.columns.select(held).with_columns(blank))
    keys = pl.concat(parts, how="vertical_relaxed").hash_rows(seed=SEED).to_numpy()
    return int(np.isin(keys[len(train) :], keys[: len(train)]).sum())


def _texts(batch: Batch, text: str, label: str | None) -> Batch:
    """Text and label alone; rows without a text share none."""
    there = batch[text].is_not_null().to_numpy()
    labelled = label is not None and label in batch.columns.columns
    named = batch[label] if labelled and label is not None else pl.repeat(None, len(batch), eager=True)
    frame = pl.DataFrame({"text": batch[text].cast(pl.String), "label": named.cast(pl.String)})
    return Batch(frame.filter(there), batch.ids[there])
