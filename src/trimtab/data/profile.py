"""The profile of a data set before anything is done to it: one JSON object of numbers, for any modality.

Nothing is changed. What looks at pairs of rows or fits models (near copies, doubtful labels) looks at most at
`SAMPLE` rows, evenly spaced, and says how many it looked at.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.objects import Batch
from trimtab.data.profile_columns import column, lengths, role_of
from trimtab.data.profile_drift import drift
from trimtab.data.profile_findings import findings
from trimtab.data.profile_labels import as_classes, balance, suspicious
from trimtab.data.profile_rows import duplicates, evenly, shared
from trimtab.data.tally import present_values

LABELS = ("label", "labels", "class", "category", "target", "intent", "y")
"""Names under which a label is looked for where none is named."""
SAMPLE = 50_000
CLASSES = 100
"""Most different whole numbers that are taken for names of classes; more are a quantity."""


def profile(
    batch: Batch, test: Batch | None = None, text: str | None = None, label: str | None = None
) -> dict[str, Any]:
    """Types, missing values, outliers, copies, leakage, labels, lengths and drift, as plain JSON values.

    `text` and `label` name columns; where they are not given they are guessed, and `guessed` says so. `test`
    is compared with the rows: what both hold, and where they differ.

    Raises:
        DataError: a named column is not there.
    """
    roles = {name: role_of(batch[name]) for name in batch.columns.columns}
    guessed = {"text": text is None, "label": label is None}
    text = _named(batch, text) or next((name for name, role in roles.items() if role == "text"), None)
    label = _named(batch, label) or _label(batch, roles, text)
    roles |= {text: "text"} if text else {}
    classes = _classes(batch[label], roles[label]) if label else None
    roles |= {label: "category"} if label and classes is not None else {}
    sample = evenly(batch, SAMPLE)
    found: dict[str, Any] = {
        "modality": batch.modality,
        "rows": {"data": len(batch)} | ({} if test is None else {"test": len(test)}),
        "text": text,
        "label": label,
        "guessed": {name: hint for name, hint in guessed.items() if {"text": text, "label": label}[name]},
        "unreadable": _reasons(batch),
        "columns": [column(batch[name], roles[name]) for name in batch.columns.columns],
        "duplicates": duplicates(batch, sample, text, label),
        "labels": None if classes is None else balance(classes),
        "suspicious": suspicious(sample, text, label) if label and classes is not None else None,
        "lengths": lengths(batch[text]) if text else None,
    }
    if test is not None:
        found["leakage"] = shared(batch, test, text, label)
        found["drift"] = drift(batch, test, roles)
    return found | {"findings": findings(found)}


def _named(batch: Batch, name: str | None) -> str | None:
    if name is not None and name not in batch.columns.columns:
        raise DataError("profile", f"no column '{name}'", suggestion(name, batch.columns.columns))
    return name


def _label(batch: Batch, roles: dict[str, str], text: str | None) -> str | None:
    """The column that is called as labels are, and holds few values."""
    known = {name.casefold(): name for name in batch.columns.columns if name != text}
    for usual in LABELS:
        name = known.get(usual)
        if name and roles[name] in ("category", "boolean", "number") and _few(batch[name]):
            return name
    return None


def _classes(values: pl.Series, role: str) -> pl.Series | None:
    """The labels as names of classes; None where they are a quantity: numbers with fractions, or many."""
    if role == "number":
        there = values.filter(present_values(values))
        if there.n_unique() > CLASSES or bool((there != there.round()).any()):
            return None
    return as_classes(values)


def _few(values: pl.Series) -> bool:
    return 2 <= values.drop_nulls().n_unique() <= max(2, len(values) // 2)


def _reasons(batch: Batch) -> dict[str, Any]:
    """Rows that the reader set aside, and the first of them."""
    kinds = Counter(drop.reason.partition(" at ")[0] for drop in batch.dropped)
    return {
        "rows": len(batch.dropped),
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in kinds.most_common(20)],
        "first": [{"row": drop.id, "reason": drop.reason} for drop in batch.dropped[:20]],
    }
