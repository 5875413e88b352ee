"""What every benchmark shares: its options, its table, its files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from trimtab.core.machine import describe

RESULTS = Path(__file__).parent / "results"


def parser(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """`--quick` and `--json`, and an option for each default, of its type."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="a smoke check of under a minute")
    made.add_argument("--json", type=Path, help="write the result here too")
    for name, value in defaults.items():
        made.add_argument(f"--{name}", type=type(value), default=value)
    return made


def finish(
    name: str,
    options: argparse.Namespace,
    rows: Sequence[dict[str, Any]],
    raw: Sequence[dict[str, Any]],
    more: dict[str, Any],
) -> None:
    """Print the table; write the result, and beside it the raw rows under bench/results/."""
    show(rows)
    for title, values in more.items():
        print(title, json.dumps(values, indent=1))
    machine = {**describe(), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    result = {"machine": machine, "rows": list(rows), **more}
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{name}{'-quick' if options.quick else ''}.json"
    kept.write_text(json.dumps({**result, "raw": list(raw)}, indent=1) + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def show(rows: Sequence[dict[str, Any]]) -> None:
    """A table of rows; a column that a row lacks stays empty."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    Console(width=160).print(table)
