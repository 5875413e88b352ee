"""The last section: where the run took place, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.loop.record import Record
from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, facts, folded, section, table, tag


def repeat(record: Record) -> Html:
    """The command, seed, environment and resolved options."""
    options = record.get("spec", [])
    rows = [(one["option"], tag("code", figures.number(one["value"])), one["origin"]) for one in options]
    environment = record["environment"]
    packages = environment.get("packages", {})
    return section(
        "repeat",
        "Environment and how to repeat it",
        tag("pre", tag("code", record["command"]), tabindex=0),
        facts(
            [
                ("seed", record["seed"]),
                ("took", figures.duration(record["seconds"])),
                ("run folder", tag("code", record["run_folder"])),
                *_plain(environment),
            ]
        ),
        folded("Versions of packages", facts(packages.items())) if packages else None,
        folded(
            f"All {len(rows)} options and where each came from",
            table("Resolved options", ["option", "value", "from"], rows),
        )
        if rows
        else None,
    )


def _plain(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), figures.number(value))
        for name, value in environment.items()
        if name != "packages"
    ]
