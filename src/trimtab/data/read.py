"""Reads CSV, TSV, JSONL and Parquet by Polars; every row of the file is kept or dropped with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.objects import Batch
from trimtab.core.spec import DataSpec
from trimtab.data.csv_scan import scan

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".jsonl", ".ndjson", ".parquet")

_Read = tuple[pl.DataFrame, np.ndarray | None]
"""Rows, and the line (rows,) each began on, where the format has lines."""


def read(path: Path, spec: DataSpec, place: str) -> Batch:
    """The rows of a file; ids are row numbers from 0, text and label columns are strings.

    A null stays a null and an empty string an empty string. Rows without a text or label are dropped, with
    reason and line. `place` says where the file was named (`trimtab.yaml:3`).

    Raises:
        DataError: the file is missing, empty, broken or of another kind, or lacks a column.
    """
    frame, lines = _load(path, spec, place)
    for column in (spec.text, spec.label):
        if column not in frame.columns:
            raise DataError(f"{path}:1", f"no column '{column}'", suggestion(column, frame.columns))
    if frame.height == 0:
        raise DataError(str(path), "the file has no rows", "give a file with at least one row")
    frame = frame.with_columns(_as_text(frame[column], path) for column in (spec.text, spec.label))
    batch = Batch(frame, np.arange(frame.height, dtype=np.int64))
    batch = _drop_missing(batch, spec, lines)
    if len(batch) == 0:
        raise DataError(
            str(path), "no row has both a text and a label", f"the first: {batch.dropped[0].reason}"
        )
    return batch


def place_of(path: Path, row: int, spec: DataSpec) -> str:
    """`file:line` of a row id, for messages; the file is read again."""
    _, lines = _load(path, spec, str(path))
    return f"{path} row {row}" if lines is None else f"{path}:{lines[row]}"


def _load(path: Path, spec: DataSpec, place: str) -> _Read:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            place, f"'{path.name}' is no known kind of file", f"give one of {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        near = [entry.name for entry in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(place, f"no such file: {path}", suggestion(path.name, near))
    if path.stat().st_size == 0:
        raise DataError(str(path), "the file is empty", "give a file with a header and rows")
    if suffix in SEPARATORS:
        return _csv(path, spec, SEPARATORS[suffix])
    return _parquet(path) if suffix == ".parquet" else _jsonl(path, spec)


def _csv(path: Path, spec: DataSpec, separator: str) -> _Read:
    raw = _utf8(path)
    records = scan(raw, separator, str(path))
    real = np.flatnonzero(~records.blank)
    if len(real) == 0:
        raise DataError(str(path), "the file is empty", "give a file with a header and rows")
    strings = {spec.text: pl.String, spec.label: pl.String}
    frame = _parse(
        lambda: pl.read_csv(raw, separator=separator, schema_overrides=strings, infer_schema_length=None),
        path,
    )
    body = slice(real[0] + 1, None)  # Polars skips empty lines before the header, and only there
    blank, lines = records.blank[body], records.lines[body]
    if frame.height != len(blank):
        raise DataError(
            str(path),
            f"{frame.height} rows were read where {len(blank)} lie in the file",
            "save it as UTF-8 CSV",
        )
    return frame.filter(~blank), lines[~blank]


def _jsonl(path: Path, spec: DataSpec) -> _Read:
    raw = _utf8(path)
    lines = raw.split(b"\n")
    real = np.array([at for at, line in enumerate(lines, 1) if line.strip()], dtype=np.int64)

    def parse() -> pl.DataFrame:
        frame = pl.read_ndjson(raw, infer_schema_length=None)
        return frame.cast({name: pl.String for name in (spec.text, spec.label) if _plain(frame, name)})

    try:
        frame = _parse(parse, path)
    except DataError:
        _find_broken(lines, path)
        raise
    if frame.height != len(real):
        _find_broken(lines, path)
    return frame, real


def _parquet(path: Path) -> _Read:
    return _parse(lambda: pl.read_parquet(path), path), None


def _parse(parse: Callable[[], pl.DataFrame], path: Path) -> pl.DataFrame:
    try:
        return parse()
    except pl.exceptions.PolarsError as error:
        first = str(error).partition("\n")[0]
        raise DataError(str(path), f"cannot be read ({first})", "check that the file is whole") from error


def _utf8(path: Path) -> bytes:
    raw = path.read_bytes()
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}", "not UTF-8 text", "save the file as UTF-8") from error
    return raw


def _find_broken(lines: list[bytes], path: Path) -> None:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}", f"not JSON ({error})", "mend the line") from error
        if not isinstance(value, dict):
            raise DataError(f"{path}:{number}", "the line is no JSON object", 'write {"column": value, ...}')


def _plain(frame: pl.DataFrame, column: str) -> bool:
    return column in frame.columns and not frame.schema[column].is_nested()


def _as_text(values: pl.Series, path: Path) -> pl.Series:
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        raise DataError(
            str(path),
            f"column '{values.name}' holds {values.dtype}, not text",
            "give a column with plain values",
        )
    return values.cast(pl.String)


def _drop_missing(batch: Batch, spec: DataSpec, lines: np.ndarray | None) -> Batch:
    """Rows that teach nothing: no text, no label, or a label that is an empty string."""
    text, label = batch[spec.text], batch[spec.label]
    faults = [
        (text.is_null(), f"{spec.text} is missing"),
        (label.is_null(), f"{spec.label} is missing"),
        ((label == "").fill_null(False), f"{spec.label} is an empty string"),
    ]
    for mask, fault in faults:
        bad = mask.to_numpy()[batch.ids]  # the ids of a file just read are positions in it
        where = [f"{fault} at {_at(int(row), lines)}" for row in batch.ids[bad]]
        batch = batch.keep(~bad, "read", where)
    return batch


def _at(row: int, lines: np.ndarray | None) -> str:
    return f"row {row}" if lines is None else f"line {lines[row]}"
