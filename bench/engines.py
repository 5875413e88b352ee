"""The same steps by the local engine and by Ray on two nodes of this machine: rows per second and core.

Both engines get the same cores and the same rows in memory, and give them back in memory: what `engine: ray`
adds is in the time (blocks sent to the cluster, summaries and rows moved, results fetched). Starting the
cluster is not. Every run is a process of its own; the engines take turns, and the order changes each round.
What comes out is compared: learned steps, rows, ids, and each dropped row with its reason.

    python bench/engines.py                  6 M rows of 12 columns, 500 k texts, 3 rounds
    python bench/engines.py --quick          100 k rows and 20 k texts, once

`table` is the recipe of `bench/clean.py`: copies out, median and most frequent value in, Tukey's fences;
`text` drops near copies. `written` are the bytes that go into the nodes' object stores, `moved` those of
them that go from node to node, both per row; Ray tells `moved` only with `pip install 'ray[default]'`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from parts.engines_rows import KINDS
from parts.report import finish, parser

HERE = Path(__file__).parent
ENGINES = ("local", "ray")


def main() -> None:
    """Write the rows, run the engines in turns, compare."""
    made = parser(__doc__, rows=6_000_000, texts=500_000, rounds=3, cores=2, store_mb=4000)
    options = made.parse_args()
    if options.quick:
        options.rows, options.texts, options.rounds = 100_000, 20_000, 1
    raw: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        for recipe, rows in (("table", options.rows), ("text", options.texts)):
            source = Path(folder) / f"{recipe}.parquet"
            KINDS[recipe](source, rows)
            for number in range(options.rounds):
                for engine in ENGINES if number % 2 == 0 else ENGINES[::-1]:
                    given = [engine, source, recipe, options.cores, options.store_mb]
                    raw.append({**run(given), "round": number})
    recipes = {recipe: [row for row in raw if row["recipe"] == recipe] for recipe in KINDS}
    for recipe, rows in recipes.items():
        if len(found := {row["content_hash"] for row in rows}) != 1:
            raise SystemExit(f"{recipe}: the engines give different rows: {sorted(found)}")
    rows = [summary(engine, rows) for rows in recipes.values() for engine in ENGINES]
    more = {
        "ratios": {
            f"{recipe}, {how}": share for recipe, rows in recipes.items() for how, share in ratios(rows)
        }
    }
    finish("engines", options, rows, raw, more)


def run(given: Sequence[Any]) -> dict[str, Any]:
    """One engine over one file, in a process of its own."""
    command = [sys.executable, HERE / "parts" / "engines_one.py", *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{given[0]} failed:\n{done.stderr[-2000:]}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if row.get("moved_bytes", 0) is None:
        print("moved: not told; Ray counts it only with pip install 'ray[default]'", file=sys.stderr)
    return row


def summary(engine: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of an engine over the rounds, with the spread of its speed."""
    mine = [row for row in rows if row["name"] == engine]
    speeds = sorted(row["rows"] / row["seconds"] / row["cores"] for row in mine)
    return {
        "name": engine,
        "recipe": mine[0]["recipe"],
        "rows": mine[0]["rows"],
        "seconds": round(median(row["seconds"] for row in mine), 2),
        "rows_s_core": round(median(speeds)),
        "range": f"{speeds[0]:.0f}-{speeds[-1]:.0f}",
        "cpu_s": round(median(row["cpu_seconds"] for row in mine), 2),
        "peak_mb": round(max(row["peak_mb"] for row in mine)),
        "written": per_row(mine, "written_bytes"),
        "moved": per_row(mine, "moved_bytes"),
        "content_hash": mine[0]["content_hash"],
    }


def ratios(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Ray's share of the local engine's rows per second and core, and per CPU second, over the rounds."""
    local, other = ({row["round"]: row for row in rows if row["name"] == name} for name in ENGINES)
    for how, what in (("rows/s and core", "seconds"), ("rows per CPU second", "cpu_seconds")):
        shares = [local[at][what] / other[at][what] for at in local]
        ends = {"median": median(shares), "low": min(shares), "high": max(shares)}
        yield how, {key: round(share, 3) for key, share in ends.items()}


def per_row(rows: Sequence[dict[str, Any]], what: str) -> int | None:
    """Bytes of a row, the median of the rounds: 0 of the local engine, None where it is not told."""
    if any(row.get(what, 0) is None for row in rows):
        return None
    return round(median(row.get(what, 0) / row["rows"] for row in rows))


if __name__ == "__main__":
    main()
