"""A cheap look at the data files: are they there, do their headers hold the columns, how many rows."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator

from trimtab.core.errors import ConfigError, DataError, suggestion
from trimtab.core.spec import FormatSpec
from trimtab.core.spec_errors import place_of
from trimtab.core.spec_file import ReadSpec
from trimtab.core.store import file_hash, folder_hash
from trimtab.data import READERS
from trimtab.data.read_csv import SEPARATORS, decode
from trimtab.data.sources import FOLDERS, Source, locate, rooted

_LOOK = 1 << 20
"""Bytes of a file in which its header is looked for."""


def data_mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Missing files, missing columns, and a test file that is the train file."""
    data = read.spec.data
    files = {"train": data.train} | ({"test": data.test} if data.test else {})
    for part, name in files.items():
        place = place_of(("data", part), read.origins) or str(read.file)
        try:
            sources = locate(rooted(read.folder, name), place, list(READERS))
        except DataError as error:
            yield ConfigError(error.place, error.problem, error.remedy)
            continue
        for source in sources:
            yield from _column_mistakes(read, source)
    if data.test and rooted(read.folder.resolve(), data.test) == rooted(read.folder.resolve(), data.train):
        place = place_of(("data", "test"), read.origins) or str(read.file)
        yield ConfigError(place, "data.test is the train file", "name other rows, or leave data.test out")
    if data.text == data.label:
        place = place_of(("data", "label"), read.origins) or str(read.file)
        yield ConfigError(place, f"data.text and data.label are both '{data.text}'", "name two columns")


def columns(source: Source, form: FormatSpec) -> list[str] | None:
    """The columns of a file by its header alone; None where that cannot be told without reading it."""
    if source.remote or source.kind not in {"csv", "tsv", "jsonl", "ndjson", "parquet"}:
        return None
    if source.kind == "parquet":
        import polars as pl

        try:
            return list(pl.read_parquet_schema(source.path))
        except (pl.exceptions.PolarsError, OSError):
            return None
    text = _beginning(source, form)
    if text is None or source.kind in {"jsonl", "ndjson"}:
        return None if text is None else _keys(text.partition("\n")[0])
    return list(form.header) or _fields(text, form.separator or SEPARATORS[source.kind], form.quote)


def count_rows(where: str) -> int:
    """Rows, counted by lines (by the footer for Parquet): exact enough for an estimate; of an address 0."""
    return sum(_count(source) for source in locate(where, where, list(READERS)))


def fingerprint(where: str, form: FormatSpec) -> list[str]:
    """A hash for each file or folder that a path names; of an address, of the rows that it gives."""
    found = []
    for source in locate(where, where, list(READERS)):
        if source.remote:
            rows = READERS.load(source.kind)(source, form).frame.write_ipc(None)
            found.append(hashlib.sha256(rows.getbuffer()).hexdigest())
        else:
            found.append(folder_hash(source.path) if source.kind in FOLDERS else file_hash(source.path))
    return found


def _count(source: Source) -> int:
    if source.remote:
        return 0
    if source.kind in FOLDERS:
        return sum(path.is_file() for path in source.path.rglob("*"))
    if source.kind == "parquet":
        import polars as pl

        return int(pl.scan_parquet(source.path).select(pl.len()).collect().item())
    with source.open() as stream:
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return max(0, lines - (source.kind in SEPARATORS))


def _fields(text: str, separator: str, quote: str) -> list[str] | None:
    """The fields of the first line that is not empty."""
    lines = (line for line in text.splitlines(keepends=True) if line.strip())
    if quote:
        return next(csv.reader(lines, delimiter=separator, quotechar=quote), None)
    return next(csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE), None)


def _beginning(source: Source, form: FormatSpec) -> str | None:
    """The first lines of a file; odd bytes in them are the reader's to explain."""
    try:
        with source.open() as raw:
            held = raw.read(_LOOK)
        if len(held) == _LOOK and not form.encoding.startswith("utf-16"):
            held = held.rpartition(b"\n")[0]
        return decode(held, form.model_copy(update={"bad_rows": 0.5}), source.name).decode("utf-8", "replace")
    except (DataError, OSError, EOFError):
        return None


def _column_mistakes(read: ReadSpec, source: Source) -> Iterator[ConfigError]:
    found = columns(source, read.spec.data)
    if found is None:  # broken files are the reader's to explain, with row and column
        return
    for role in ("text", "label"):
        wanted = getattr(read.spec.data, role)
        if wanted not in found:
            place = place_of(("data", role), read.origins) or str(read.file)
            yield ConfigError(place, f"{source.name} has no column '{wanted}'", suggestion(wanted, found))


def _keys(line: str) -> list[str] | None:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return None
    return list(row) if isinstance(row, dict) else None
