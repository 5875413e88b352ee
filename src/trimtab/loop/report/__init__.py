"""The report of a run: one HTML file, readable without a network, from the run's record alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from trimtab.loop.record import Record

__all__ = ["render"]


def render(record: Record | Mapping[str, Any]) -> str:
    """The report as one HTML file.

    `record` is what the chain collected, as `trimtab.loop.record.Record` describes it; parts that are
    absent leave no section behind. Every text of the user stands escaped in the page.

        path.write_text(render(json.loads((run / "record.json").read_text())), encoding="utf-8")
    """
    # Altair takes a quarter of a second to import: only a report pays for it.
    from trimtab.loop.report import closing, features, rows, stages, training, verdict
    from trimtab.loop.report.html import each
    from trimtab.loop.report.page import page

    said = cast(Record, record)
    sections = {
        ("candidates", "Candidates"): verdict.pareto(said),
        ("stages", "Stages"): stages.stages(said),
        ("data", "Data"): rows.data(said),
        ("features", "Features"): features.features(said),
        ("training", "Training"): training.learning(said),
        ("errors", "Errors"): training.confusion(said),
        ("latency", "Latency"): training.latency(said),
        ("repeat", "Repeat it"): closing.repeat(said),
    }
    there = {key: body for key, body in sections.items() if body is not None}
    title = f"{said.get('name', 'trimtab run')}: {said['verdict']['verdict']}"
    return page(title, verdict.opening(said), list(there), each(there.values()))
