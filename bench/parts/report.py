"""What every benchmark shares: its options, its table, its files."""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from trimtab.core.machine import describe

BENCH = Path(__file__).parents[1]
RESULTS = BENCH / "results"


def parser(doc: str | None, **defaults: Any) -> argparse.ArgumentParser:
    """`--quick` and `--json`, and an option for each default, of its type."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="a smoke check of under a minute")
    made.add_argument("--json", type=Path, help="write the result here too")
    for name, value in defaults.items():
        made.add_argument(f"--{name}", type=type(value), default=value)
    made.set_defaults(begun=perf_counter())
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
    facts = {"commit": commit(), "seconds": round(perf_counter() - options.begun)}
    result = {"machine": machine, **facts, "rows": list(rows), **more}
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{name}{'-quick' if options.quick else ''}.json"
    kept.write_text(written({**result, "raw": list(raw)}), encoding="utf-8")
    if options.json:
        options.json.write_text(written(result), encoding="utf-8")


def show(rows: Sequence[dict[str, Any]]) -> None:
    """A table of rows; a column that a row lacks stays empty."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    Console(width=160).print(table)


def written(result: dict[str, Any]) -> str:
    """JSON with a line for each row of a list of rows, so that a diff shows which rows changed."""
    parts = [f" {json.dumps(name)}: {_value(value)}" for name, value in result.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n ]"
    return json.dumps(value, indent=1).replace("\n", "\n ")


def commit() -> str | None:
    """What `git describe` calls this tree, `+dirty` where code differs from it; None outside a clone.

    Kept results do not count: one benchmark's must not make the next one's tree dirty.
    """
    said = _git("describe", "--tags", "--always")
    if said is None:
        return None
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(exclude){RESULTS}")
    return f"{said}+dirty" if changed else said


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", BENCH, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
