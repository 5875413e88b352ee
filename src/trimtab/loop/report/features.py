"""The section about the features: what each step wrote, who reads it, and what a selection kept."""

from __future__ import annotations

from trimtab.loop.record import Record
from trimtab.loop.record_rows import FeatureRecord
from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, breakable, each, folded, section, table, tag, text
from trimtab.loop.report.page import picture
from trimtab.loop.report.selection import selection, stated


def features(record: Record) -> Html | None:
    """The feature steps, where there are others than those that the model families read."""
    steps = record.get("data", {}).get("features", [])
    if all(one["read"] for one in steps):
        return None
    where = record.get("features_folder", record["run_folder"])
    return section(
        "features",
        "Features",
        tag(
            "p",
            "What no model family reads is for use outside. Columns and steps lie in the stage's folder ",
            tag("code", where),
            "; they are no part of the bundle.",
        ),
        table(
            "Feature steps, in the order they ran",
            ["step", "column", "features", "read by"],
            [_step(one) for one in steps],
            numeric=(2,),
        ),
        each(_selection(at, one) for at, one in enumerate(steps) if one.get("ranked")),
    )


def _step(one: FeatureRecord) -> list[object]:
    return [
        breakable(one["step"]),
        breakable(one.get("column", one["step"])),
        figures.count(one.get("features")),
        "the model families"
        if one["read"]
        else tag("span", "no family: kept for use outside", class_="chip"),
    ]


def _selection(at: int, one: FeatureRecord) -> Html:
    ranked, stability = one["ranked"], one.get("stability", [])
    kept = f"{figures.count(one['features'])} of {figures.count(one['of'])} features"
    rows = [
        (
            row["feature"],
            figures.number(row["score"]),
            "kept" if row["kept"] else "",
            figures.share(row["frequency"]),
        )
        for row in ranked
    ]
    return text(
        tag("h3", "Selection ", breakable(one["step"])),
        tag("p", f"It keeps {kept}{stated(stability)}.", class_="quiet"),
        picture(f"selection-{at}", selection(ranked, stability)),
        folded(
            f"The best {len(rows)} features",
            table("Features by score", ["feature", "score", "", "chosen by resamples"], rows, numeric=(1, 3)),
        ),
    )
