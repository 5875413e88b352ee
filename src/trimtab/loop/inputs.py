"""A cheap look at the data files: are they there, do their headers hold the columns, how many rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from trimtab.core.errors import ConfigError, suggestion
from trimtab.core.spec_errors import place_of
from trimtab.core.spec_file import ReadSpec


def data_mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Missing files, missing columns, and a test file that is the train file."""
    data = read.spec.data
    files = {"train": data.train} | ({"test": data.test} if data.test else {})
    for part, name in files.items():
        place, path = place_of(("data", part), read.origins) or str(read.file), read.folder / name
        if not path.is_file():
            near = [str(found.relative_to(read.folder)) for found in _beside(path)]
            yield ConfigError(place, f"no such file: {path}", suggestion(name, near))
            continue
        yield from _column_mistakes(read, path)
    if data.test and (read.folder / data.test).resolve() == (read.folder / data.train).resolve():
        place = place_of(("data", "test"), read.origins) or str(read.file)
        yield ConfigError(place, "data.test is the train file", "name other rows, or leave data.test out")
    if data.text == data.label:
        place = place_of(("data", "label"), read.origins) or str(read.file)
        yield ConfigError(place, f"data.text and data.label are both '{data.text}'", "name two columns")


def columns(path: Path) -> list[str] | None:
    """The columns of a file by its header alone; None where that cannot be told."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        import polars as pl

        try:
            return list(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError):
            return None
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        if suffix in {".jsonl", ".ndjson"}:
            return _keys(stream.readline())
        return next(csv.reader(stream, delimiter="\t" if suffix == ".tsv" else ","), None)


def count_rows(path: Path) -> int:
    """Rows of a file, counted by its lines (by its footer for Parquet): exact enough for an estimate."""
    if path.suffix.lower() == ".parquet":
        import polars as pl

        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    with path.open("rb") as stream:
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return max(0, lines - (path.suffix.lower() in {".csv", ".tsv"}))


def _column_mistakes(read: ReadSpec, path: Path) -> Iterator[ConfigError]:
    found = columns(path)
    if found is None:  # broken files are the reader's to explain, with row and column
        return
    for role in ("text", "label"):
        wanted = getattr(read.spec.data, role)
        if wanted not in found:
            place = place_of(("data", role), read.origins) or str(read.file)
            yield ConfigError(place, f"{path} has no column '{wanted}'", suggestion(wanted, found))


def _beside(path: Path) -> list[Path]:
    return [found for found in path.parent.glob("*") if found.is_file()] if path.parent.is_dir() else []


def _keys(line: str) -> list[str] | None:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return None
    return list(row) if isinstance(row, dict) else None
