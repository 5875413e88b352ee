"""Rows that say the same: copies within the data, and what two parts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.core.objects import Batch
from trimtab.data import STEPS
from trimtab.data.leak import NEAR, leakage

SHOWN = 20


def duplicates(batch: Batch, sample: Batch, text: str | None, label: str | None) -> dict[str, Any]:
    """Rows that equal an earlier one in every column; with a text, in the text alone, and nearly so."""
    keys = row_keys(batch, batch.columns.columns)
    found: dict[str, Any] = {"rows": len(keys) - len(np.unique(keys))}
    features = [name for name in batch.columns.columns if name != label]
    if label and features:
        found["conflicting"] = _conflicting(batch, features, label)
    if text is None:
        return found
    texts = Batch(sample.columns, sample.ids, "text")
    for name, step in (("text", "drop_duplicates"), ("near", "near_duplicates")):
        options = {"text": text, "label": label or text}
        gone = STEPS.load(step)(**options).learn(texts)(texts).dropped
        first = [
            {"row": drop.id, "reason": drop.reason, "text": str(drop.row[text])[:300]}
            for drop in gone[:SHOWN]
        ]
        found[name] = {"rows": len(gone), "of": len(texts), "first": first}
    return found


def row_keys(batch: Batch, columns: list[str]) -> np.ndarray:
    """A 64-bit hash (rows,) of the values; among ten million rows one false copy has chance 3e-6."""
    return batch.columns.select(columns).hash_rows(seed=7).to_numpy()


def _conflicting(batch: Batch, features: list[str], label: str) -> int:
    """Rows that equal another one in all but the label."""
    rows = pl.DataFrame({"key": row_keys(batch, features), "label": batch[label].cast(pl.String)})
    several = rows.group_by("key").agg(pl.col("label").drop_nulls().n_unique().alias("labels"), pl.len())
    return int(several.filter(pl.col("labels") > 1)["len"].sum())


def shared(train: Batch, test: Batch, text: str | None, label: str | None) -> dict[str, Any]:
    """Test rows that stand in the data too: whole rows but for the label; and texts, exactly and nearly."""
    common = [name for name in train.columns.columns if name in test.columns.columns and name != label]
    found: dict[str, Any] = {"rows": 0, "of": len(test), "columns": len(common)}
    fitting = [name for name in common if train.columns.schema[name] == test.columns.schema[name]]
    if fitting and len(fitting) == len(common):
        known = np.isin(row_keys(test, fitting), row_keys(train, fitting))
        found["rows"] = int(known.sum())
    if text is not None and text in test.columns.columns:
        found["texts"] = leakage(
            _texts(train, text, label), _texts(test, text, label), "text", "label", NEAR
        ).facts(SHOWN)
    return found


def _texts(batch: Batch, text: str, label: str | None) -> Batch:
    """Text and label alone; rows without a text share none."""
    there = batch[text].is_not_null().to_numpy()
    labelled = label is not None and label in batch.columns.columns
    named = batch[label] if labelled and label is not None else pl.repeat(None, len(batch), eager=True)
    frame = pl.DataFrame({"text": batch[text].cast(pl.String), "label": named.cast(pl.String)})
    return Batch(frame.filter(there), batch.ids[there])
