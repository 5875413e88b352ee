"""How labels are spread over the rows, and rows whose label does not look right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.errors import TrimtabError
from trimtab.core.objects import Batch
from trimtab.data.label_errors import LabelErrors
from trimtab.data.minhash import similar
from trimtab.data.profile_rows import evenly
from trimtab.data.shingles import shingles

SHOWN = 30
PATIENCE = 200_000
"""Rows of a table times its classes that are judged: boosting grows trees for each class."""
LONGEST = 300
"""Characters of a row that are shown."""
TWIN = 0.7
"""Jaccard similarity of character 3-grams from which two texts should carry one label."""


def balance(labels: pl.Series) -> dict[str, Any]:
    """Rows by class, and how even they are: 1 is the same for all, 0 all in one class (Pielou, 1966)."""
    counts = (
        labels.cast(pl.String)
        .drop_nulls()
        .alias("value")
        .value_counts(name="rows")
        .sort(["rows", "value"], descending=[True, False])
    )
    rows = counts["rows"].to_numpy()
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


def as_classes(labels: pl.Series) -> pl.Series:
    """Labels as names of classes; whole numbers are written without a fraction, NaN is missing."""
    if labels.dtype.is_float():
        labels = labels.fill_nan(None).cast(pl.Int64, strict=False)
    return labels.cast(pl.String)


def suspicious(sample: Batch, text: str | None, label: str) -> dict[str, Any]:
    """Rows whose label is doubtful, by confident learning; of texts that it cannot judge, by twins.

    `of` counts the rows that were judged; where that is none, `why` says why. Twins are an honest but narrow
    look: only rows that have a near copy under another label are found, and nothing says which of the two is
    right.
    """
    fresh = {label: as_classes(sample[label])}
    if text is not None:
        fresh[text] = sample[text].cast(pl.String)
    plain = "tabular" if sample.modality == "text" else sample.modality
    rows = replace(sample.with_columns(**fresh), modality=plain if text is None else "text")
    if rows.modality == "tabular":
        rows = evenly(rows, PATIENCE // max(rows[label].n_unique(), 1))
    found = _by_confident_learning(rows, text, label)
    return _by_twins(rows, text, label) if text is not None and not found["of"] else found


def _by_confident_learning(rows: Batch, text: str | None, label: str) -> dict[str, Any]:
    pictures = [name for name, kind in rows.columns.schema.items() if kind == pl.Binary]
    step = LabelErrors(text=text or "text", image=next(iter(pictures), "image"), label=label)
    found: dict[str, Any] = {"method": "confident learning", "rows": 0, "of": 0, "first": []}
    if rows.modality not in step.accepts:
        return found | {"why": f"there is no way yet to judge the labels of {rows.modality}"}
    try:
        step = step.learn(rows)
    except TrimtabError as error:  # a package is missing, or a picture cannot be opened
        return found | {"why": f"{error.problem}; {error.remedy}"}
    if not step.judged:
        return found | {"why": f"no two classes have {step.folds} rows with content"}
    suspects = step.suspects or ()
    places = {row: at for at, row in enumerate(rows.ids.tolist())}
    first = [
        {
            "row": row,
            "label": given,
            "why": f"rather '{suggested}' (score {score:.3f})",
            "text": _content(rows, places[row], text, label),
        }
        for row, given, suggested, score in suspects[:SHOWN]
    ]
    return found | {"rows": len(suspects), "of": step.judged, "first": first}


def _content(rows: Batch, at: int, text: str | None, label: str) -> str:
    """What a person is shown of a row: its text, or its values but for pictures and lists."""
    if text is not None:
        return str(rows[text][at])[:LONGEST]
    row = rows.columns.row(at, named=True)
    plain = {
        name: value
        for name, value in row.items()
        if name != label and not isinstance(value, bytes | list | dict)
    }
    return ", ".join(f"{name}: {value}" for name, value in plain.items())[:LONGEST]


def _by_twins(rows: Batch, text: str, label: str) -> dict[str, Any]:
    there = rows.columns.select(pl.col(text, label).is_not_null()).select(pl.all_horizontal(pl.all()))
    rows = rows.take(np.flatnonzero(there.to_series().to_numpy()))
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
            "text": rows[text][int(right)][:LONGEST],
        }
        for left, right, likeness in zip(
            pairs.left[ordered][:SHOWN],
            pairs.right[ordered][:SHOWN],
            pairs.likeness[ordered][:SHOWN],
            strict=True,
        )
    ]
    return {"method": "twins under another label", "rows": len(concerned), "of": len(rows), "first": first}
