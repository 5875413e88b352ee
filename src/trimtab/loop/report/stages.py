"""The section about the stages of the chain."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.loop.record import Record, StageRecord
from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, section, table, tag, text


def stages(record: Record) -> Html | None:
    """What each stage gained and cost."""
    rows = record.get("stages", [])
    if not rows:
        return None
    seen: dict[str, dict[str, float]] = {}
    body = []
    for row in rows:
        body.append(_stage(row, seen.get(row.get("source") or "", {})))
        measured = {key: row.get(key) for key in ("accuracy", "latency", "size")}
        seen[row["name"]] = {key: value for key, value in measured.items() if isinstance(value, float | int)}
    total = sum(row["seconds"] for row in rows)
    return section(
        "stages",
        "What each stage gained and cost",
        tag(
            "p",
            "The small figures are the change against what the stage started from.",
            class_="quiet",
        ),
        table(
            f"Stages of the run, {figures.duration(total)} in all",
            ["stage", "time", "accuracy", "p99", "size", "note"],
            body,
            numeric=(1, 2, 3, 4),
        ),
    )


def _stage(row: StageRecord, before: Mapping[str, float]) -> list[object]:
    cells: list[object] = [row["name"], figures.duration(row["seconds"])]
    shown = {"accuracy": figures.share, "latency": figures.ms, "size": figures.size}
    for key, show in shown.items():
        value = row.get(key)
        cells.append(text(show(value), _change(key, value, before.get(key))))  # type: ignore[arg-type]
    return [*cells, figures.unbroken(row.get("note", ""))]


def _change(key: str, value: float | None, before: float | None) -> Html | None:
    if not value or not before or value == before:
        return None
    if key == "accuracy":
        said, better = figures.points(value - before, signed=True), value > before
    else:
        said, better = figures.times(value / before, *figures.WORDS[key]), value < before
    return tag("small", said, class_="gain" if better else "cost")
