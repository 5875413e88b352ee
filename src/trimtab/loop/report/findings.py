"""What the steps found in the rows: clusters of copies, suspicious labels, copies that augmentation wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.loop.record_rows import ClusterRecord, DataRecord
from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, breakable, facts, folded, table, tag, text

SHOWN = 20
"""Most clusters of a kind that stand in the report."""


def copies(said: DataRecord) -> Html | None:
    """Clusters by step: those whose rows do not agree on the label, and the largest of the others."""
    found = said.get("copies", [])
    if not found:
        return None
    counts = ("clusters", "rows", "largest", "dropped", "conflicts")
    rows = [
        (breakable(one["step"]), *(figures.count(one[name]) for name in counts))  # type: ignore[literal-required]
        for one in found
    ]
    mixed = [(one["step"], cluster) for one in found for cluster in one["conflicting"]]
    agreed = [(one["step"], cluster) for one in found for cluster in one["agreeing"]]
    agreed.sort(key=lambda pair: -pair[1]["rows"])
    conflicts = sum(one["conflicts"] for one in found)
    others = sum(one["clusters"] for one in found) - conflicts
    return text(
        tag("h3", "Clusters of copies"),
        table(
            "Copies among the train rows; each that goes is a copy of one that stays",
            ["step", "clusters", "rows in them", "largest", "dropped", "conflicting labels"],
            rows,
            numeric=range(1, 6),
        ),
        _clusters(f"of {conflicts:,} clusters whose rows have different labels", "Conflicting labels", mixed),
        _clusters(f"of {others:,} other clusters, the largest first", "Copies that agree", agreed),
    )


def _clusters(what: str, title: str, found: Sequence[tuple[str, ClusterRecord]]) -> Html | None:
    rows = [
        (
            breakable(step),
            figures.count(one["rows"]),
            _ids(one["stays"], one["kept"]),
            _ids([row for row in one["ids"] if row not in one["stays"]], one["rows"] - one["kept"]),
            _labels(one["labels"]),
        )
        for step, one in found[:SHOWN]
    ]
    head = ["step", "rows", "stays", "go", "labels"]
    return folded(f"{len(rows)} {what}", table(title, head, rows, numeric=(1,))) if rows else None


def steps(said: DataRecord) -> Html | None:
    """What each step tells of itself; a list of rows is a table, the rest are facts."""
    told = said.get("steps", {})
    parts = [part for name, one in told.items() for part in _step(name, one)]
    return text(*parts) if parts else None


def _step(name: str, told: Mapping[str, Any]) -> list[Html]:
    plain = {key: value for key, value in told.items() if not isinstance(value, list)}
    parts = [tag("h3", "Step ", breakable(name)), facts((key, _said(value)) for key, value in plain.items())]
    for key, rows in told.items():
        if isinstance(rows, list) and rows and isinstance(rows[0], Mapping):
            head = list(rows[0])
            body = [[figures.number(row.get(column)) for column in head] for row in rows]
            parts.append(folded(f"{key}: {len(rows)} rows", table(f"{name}: {key}", head, body)))
    return parts


def augmentation(said: DataRecord) -> Html | None:
    """For each step how many copies it kept, and what became of the others."""
    told = said.get("augmentation", [])
    if not told:
        return None
    reasons = list(dict.fromkeys(key for one in told for key in one if key not in ("step", "kept")))
    head = ["step", "kept", *reasons]
    rows = [(breakable(one["step"]), *(figures.count(one.get(name)) for name in head[1:])) for one in told]
    return text(
        tag("h3", "Augmentation"),
        tag("p", f"{figures.rows(said.get('augmented', 0))} were added to train.", class_="quiet"),
        table("Copies by step, and why others were not kept", head, rows, numeric=range(1, len(head))),
    )


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {figures.number(one)}" for key, one in value.items()) or figures.ABSENT
    return figures.number(value)


def _ids(ids: Sequence[int], total: int) -> str:
    few = ", ".join(map(str, ids[:6]))
    return few if total <= 6 else f"{few} and {total - 6:,} more"


def _labels(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label} ({rows})" for label, rows in counts.items())
