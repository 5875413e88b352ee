"""The tables and summaries that the command line prints for people."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from trimtab.core.audit import Entry
from trimtab.core.units import show_ms, show_share, show_size
from trimtab.loop.doctor import Check
from trimtab.loop.plan import Plan

_WIDTH_OF_A_FILE = 120


def show_plan(plan: Plan) -> None:
    """Options with their origins, then the estimate of time."""
    rows = [(one.option, _plain(one.value), one.origin) for one in plan.options]
    show("", ("option", "value", "from"), rows)
    estimate = plan.estimate
    total = timedelta(seconds=round(estimate.seconds))
    stages = [(stage.stage, f"{stage.seconds:,.0f} s", stage.why) for stage in estimate.stages]
    title = (
        f"An estimate, not a promise: about {total} on {estimate.threads} threads; finished stages are free"
    )
    show(title, ("stage", "time", "from"), stages)
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)


def show_profile(found: Mapping[str, Any], page: Path) -> None:
    """A row a column, what stands out, and where the page lies."""
    total = max(found["rows"]["data"], 1)
    rows = [
        (
            one["name"],
            one["role"],
            one["type"],
            show_share(one["missing"] / total) if one["missing"] else "",
            f"{one['distinct']:,}",
            _spread(one),
        )
        for one in found["columns"]
    ]
    show("", ("column", "holds", "type", "missing", "distinct", "median and range"), rows)
    for one in found["findings"]:
        print(f"{one['said']}; {one['remedy']}", file=sys.stderr)
    print(f"page: {page}")


def _spread(one: Mapping[str, Any]) -> str:
    if one.get("dates"):
        return f"{one['dates']['first']} to {one['dates']['last']}"
    seen = one.get("numbers") or one.get("lengths") or {}
    if seen.get("p50") is None:
        return ""
    unit = " characters" if one["role"] in ("text", "identifier") else ""
    return f"{seen['p50']:g}, {seen['min']:g} to {seen['max']:g}{unit}"


def show_result(data: Mapping[str, Any]) -> None:
    """The candidates, and where the winner lies."""
    rows = [
        (
            row["name"],
            show_share(row["accuracy"]),
            show_ms(row["p50_ms"]),
            show_ms(row["p99_ms"]),
            f"{row['throughput']:.0f}/s",
            show_size(row["size_bytes"]),
        )
        for row in data["candidates"]
        if "p50_ms" in row
    ]
    show("", ("candidate", "accuracy", "p50", "p99", "throughput", "size"), rows)
    winner = data["winner"]
    lines = {"winner": winner["name"], "bundle": data["bundle"]} if winner else {}
    for name, value in {**lines, "report": data["report"]}.items():
        print(f"{name}: {value}")


def show_history(entries: Sequence[Entry]) -> None:
    """The audit trail, oldest first."""
    rows = [(str(e.number), e.at, e.action, e.version or "", _plain(e.body)) for e in entries]
    show("", ("entry", "time", "action", "version", "reasons"), rows)


def show_bench(summary: Mapping[str, Any]) -> None:
    """Rates and latencies of each load."""
    rows = [
        (
            f"{row['concurrency']} clients" if row["rate"] is None else f"{row['rate']:g} requests/s",
            f"{row['qps']:.1f}",
            *(show_ms(row[name]) if row[name] is not None else "-" for name in ("p50_ms", "p99_ms")),
            str(row["errors"]),
            str(row["refused"]),
        )
        for row in summary["rows"]
    ]
    show("", ("load", "answers/s", "p50", "p99", "errors", "refused"), rows)
    print(f"raw replies: {summary['raw']}")


def show_checks(checks: Sequence[Check]) -> None:
    """What the machine offers, and what is missing."""
    show("", ("check", "found", "state", "remedy"), [(c.name, c.found, c.state, c.remedy) for c in checks])


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout, as wide as the terminal."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False)
    if title:
        console.print(f"\n{title}")
    console.print(table)


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
