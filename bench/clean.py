"""The article's cleaning recipe, side by side: pandas and scikit-learn, plain Polars, trimtab.

Every run is a process of its own and reads the same CSV; the order changes with each repeat. The rows that
come out must be the same: their number and an order-independent hash are compared.

    python bench/clean.py                                 5 M rows, three repeats; --quick: 100 k, once
    python bench/clean.py --rows 50000000 --only trimtab  streaming; --limit_mb says what it may hold
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import polars.selectors as cs

from parts import messy
from parts.clean_one import WAYS
from parts.report import finish, parser

HERE = Path(__file__).parent
ROWS = 5_000_000


def main() -> None:
    """Write the rows, clean them each way, compare."""
    made = parser(__doc__, rows=ROWS, repeats=3, only="", limit_mb=8192)
    options = made.parse_args()
    if options.quick:
        options.rows, options.repeats = 100_000, 1
    names = options.only.split(",") if options.only else [name for name in WAYS if present(name)]
    with TemporaryDirectory() as folder:
        source = Path(folder) / "messy.csv"
        messy.write(source, options.rows)
        size = source.stat().st_size
        raw = [
            run(name, source, repeat)
            for repeat in range(options.repeats)
            for name in (names if repeat % 2 == 0 else names[::-1])
        ]
    check(raw, options)
    suffix = "" if options.rows == ROWS or options.quick else f"_{options.rows}"
    more = {"data": {"rows": options.rows, "columns": 12, "csv_mb": round(size / 2**20)}}
    if {"pandas", "trimtab"} <= set(names):
        more["against pandas"] = ratios(raw)
    finish(f"clean{suffix}", options, [summary(name, raw) for name in names], raw, more)


def present(name: str) -> bool:
    """True when the way's library is installed."""
    return importlib.util.find_spec(name.partition("-")[0]) is not None


def run(name: str, source: Path, repeat: int) -> dict[str, Any]:
    """Clean once in a fresh process; what came out is counted and hashed here, outside the time."""
    with TemporaryDirectory(dir=source.parent) as folder:
        command = [sys.executable, str(HERE / "parts" / "clean_one.py"), name, str(source), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
        rows_out, digest = content(sorted(Path(folder).glob("0.parquet")) or rows_of(Path(folder)))
        result = json.loads(done.stdout.splitlines()[-1])
        return {**result, "repeat": repeat, "rows_out": rows_out, "content_hash": digest}


def rows_of(folder: Path) -> list[Path]:
    """The clean rows that trimtab wrote."""
    return sorted((folder / "out" / "rows").glob("*.parquet"))


def content(paths: list[Path]) -> tuple[int, str]:
    """Rows, and a hash over them in any order: the sum of the rows' hashes.

    Numbers count as floats of 9 decimals: pandas' reader and its quantiles differ in the last bit.
    """
    rows, total = 0, 0
    for path in paths:
        for start in range(0, pl.scan_parquet(path).select(pl.len()).collect().item(), 1 << 20):
            frame = pl.scan_parquet(path).slice(start, 1 << 20).collect()
            frame = frame.select(
                (cs.numeric().cast(pl.Float64).round(9) + 0.0), cs.string().cast(pl.String)
            ).select(sorted(frame.columns))
            rows += frame.height
            total += int(frame.hash_rows().cast(pl.Int128).sum())
    return rows, f"{total % 2**64:016x}"


def check(raw: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Stop when two ways give other rows, or trimtab holds more than it may."""
    found = {(row["rows_out"], row["content_hash"]) for row in raw}
    if len(found) != 1:
        raise SystemExit(f"the ways give other rows: {json.dumps(raw, indent=1)}")
    most = max((row["peak_mb"] for row in raw if row["name"] == "trimtab"), default=0)
    if most > options.limit_mb:
        raise SystemExit(f"trimtab held {most:.0f} MB, over the limit of {options.limit_mb} MB")


def summary(name: str, raw: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of a way over its repeats, with the spread."""
    mine = [row for row in raw if row["name"] == name]
    seconds, peaks = [row["seconds"] for row in mine], [row["peak_mb"] for row in mine]
    return {
        "name": name,
        "seconds": round(median(seconds), 2),
        "seconds_range": f"{min(seconds):.2f}-{max(seconds):.2f}",
        "cpu_seconds": round(median(row["cpu_seconds"] for row in mine), 2),
        "peak_mb": round(max(peaks)),
        "rows_out": mine[0]["rows_out"],
        "content_hash": mine[0]["content_hash"],
    }


def ratios(raw: list[dict[str, Any]]) -> dict[str, Any]:
    """How much faster trimtab is, and its share of the memory, for each repeat: medians and spread."""
    ours, theirs = (
        {row["repeat"]: row for row in raw if row["name"] == name} for name in ("trimtab", "pandas")
    )
    speed = [theirs[at]["seconds"] / ours[at]["seconds"] for at in ours]
    memory = [ours[at]["peak_mb"] / theirs[at]["peak_mb"] for at in ours]
    return {
        "speed_ratio": {"median": median(speed), "least": min(speed), "most": max(speed)},
        "memory_share": {"median": median(memory), "least": min(memory), "most": max(memory)},
    }


if __name__ == "__main__":
    main()
