"""How labels are spread over the rows, and rows whose label does not look right."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.core.build_step import build_step, parameters
from trimtab.core.errors import TrimtabError
from trimtab.core.objects import Batch
from trimtab.core.spec import StepSpec
from trimtab.data import STEPS
from trimtab.data.minhash import similar
from trimtab.data.shingles import shingles

SHOWN = 30
TWIN = 0.7
"""Jaccard similarity of character 3-grams from which two texts should carry one label."""


def balance(labels: pl.Series) -> dict[str, Any]:
    """Rows by class, and how even they are: 1 is the same for all, 0 all in one class (Pielou, 1966)."""
    counts = (
        labels.cast(pl.String)
        .drop_nulls()
        .value_counts()
        .sort(["count", labels.name], descending=[True, False])
    )
    rows = counts["count"].to_numpy()
    shares = rows / rows.sum() if len(rows) else rows
    evenness = float(-(shares * np.log(shares)).sum() / np.log(len(rows))) if len(rows) > 1 else 1.0
    return {
        "classes": len(rows),
        "missing": labels.null_count(),
        "largest": int(rows.max(initial=0)),
        "smallest": int(rows.min()) if len(rows) else 0,
        "evenness": round(evenness, 4),
        "counts": [{"label": name, "rows": n} for name, n in counts.head(200).iter_rows()],
    }


def suspicious(sample: Batch, text: str | None, label: str) -> dict[str, Any] | None:
    """Rows whose label is doubtful, by confident learning where the step is there, else by twins of the text.

    Twins are an honest but narrow look: only rows that have a near copy under another label are found, and
    nothing says which of the two is right.
    """
    if text is None:
        return None
    labelled = sample.take(
        np.flatnonzero((sample[text].is_not_null() & sample[label].is_not_null()).to_numpy())
    )
    rows = Batch(labelled.columns.with_columns(pl.col(text, label).cast(pl.String)), labelled.ids, "text")
    return _by_confident_learning(rows, text, label) or _by_twins(rows, text, label)


def _by_confident_learning(rows: Batch, text: str, label: str) -> dict[str, Any] | None:
    if "label_errors" not in STEPS:
        return None
    kind = STEPS.load("label_errors")
    asked = {"action": "drop"} if "action" in parameters(kind) else {}
    try:
        step = build_step(
            StepSpec(name="label_errors", parameters=asked), STEPS, "profile", text=text, label=label, seed=0
        )
        gone = step.learn(rows)(rows).dropped
    except TrimtabError:
        return None  # a package is missing, or the classes are too small for it
    first = [
        {"row": drop.id, "label": drop.row[label], "why": drop.reason, "text": str(drop.row[text])[:300]}
        for drop in gone[:SHOWN]
    ]
    return {"method": "confident learning", "rows": len(gone), "of": len(rows), "first": first}


def _by_twins(rows: Batch, text: str, label: str) -> dict[str, Any]:
    pairs = similar(shingles(rows[text].to_list()), TWIN)
    labels = rows[label].to_numpy()
    differ = np.flatnonzero(labels[pairs.left] != labels[pairs.right])
    ordered = differ[np.argsort(-pairs.likeness[differ], kind="stable")]
    concerned = np.unique(np.concatenate([pairs.left[differ], pairs.right[differ]]))
    first = [
        {
            "row": int(rows.ids[right]),
            "label": labels[right],
            "why": f"row {rows.ids[left]} ({labels[left]}) is nearly the same (Jaccard {likeness:.2f})",
            "text": rows[text][int(right)][:300],
        }
        for left, right, likeness in zip(
            pairs.left[ordered][:SHOWN],
            pairs.right[ordered][:SHOWN],
            pairs.likeness[ordered][:SHOWN],
            strict=True,
        )
    ]
    return {"method": "twins under another label", "rows": len(concerned), "of": len(rows), "first": first}
