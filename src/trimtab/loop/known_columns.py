"""What the beginning of a data file, or its footer, says of its columns."""

from __future__ import annotations

import polars as pl

from trimtab.core.columns import ANY, DATES, NUMBERS, TEXTS, TRUTHS, Columns, Kinds
from trimtab.core.errors import DataError
from trimtab.core.spec import FormatSpec
from trimtab.data import read_csv, read_jsonl
from trimtab.data.csv_scan import last_end
from trimtab.data.kinds import kinds_of
from trimtab.data.read_csv import SEPARATORS, decode
from trimtab.data.read_types import Looks, without_missing
from trimtab.data.sources import UNREADABLE, Source
from trimtab.data.tally import present_values

_LOOK = 1 << 20
"""Bytes of a file that are looked at."""
_ROWS = 100
"""Rows of a Parquet file that are looked at."""
_WRITTEN = {
    "int": NUMBERS,
    "float": NUMBERS,
    "bool": TRUTHS,
    "text": TEXTS,
    "date": DATES,
    "datetime": DATES,
    "instant": DATES,
}


def columns(source: Source, form: FormatSpec) -> Columns | None:
    """The columns of a file and what they may hold; None where that cannot be told without reading it.

    A column of a CSV file is of text once one value is: what was seen decides what the rest can make of it.

    Raises:
        DataError: the reader will not take the beginning of a CSV file, its header for example.
    """
    if source.remote or source.kind not in {"csv", "tsv", "jsonl", "ndjson", "parquet"}:
        return None
    found: dict[str, Kinds] | None
    if source.kind == "parquet":
        try:
            found = _seen(pl.scan_parquet(source.path).head(_ROWS).collect())
        except UNREADABLE:
            return None
    else:
        raw, found = _beginning(source, form), None
        if raw is not None:
            found = _csv(raw, source, form) if source.kind in SEPARATORS else _json(raw, source)
    declared = {name: frozenset({_WRITTEN[kind.split()[0]]}) for name, kind in form.types.items()}
    return None if found is None else {name: declared.get(name, seen) for name, seen in found.items()}


def complete(source: Source) -> bool:
    """Whether the rows that were not looked at bring no other columns; lines of JSON may."""
    if source.remote or source.kind not in {"jsonl", "ndjson"}:
        return True
    try:
        with source.open() as raw:
            return len(raw.read(_LOOK + 1)) <= _LOOK
    except UNREADABLE:  # the reader's to explain
        return True


def _csv(raw: bytes, source: Source, form: FormatSpec) -> dict[str, Kinds] | None:
    """By what the reader itself makes of these lines."""
    # what may have been cut (as UTF-8 it may be half as long) ends where a record does
    end = last_end(raw, form.quote.encode()) if len(raw) > _LOOK // 2 else len(raw)
    if end == 0:
        return None  # one record is longer than what was looked at
    frame = read_csv.parse(raw[:end], form, source).frame
    looks = {
        name: Looks.of(without_missing(frame[name], form.missing), form.decimal) for name in frame.columns
    }
    return {name: frozenset({TEXTS, *map(_WRITTEN.__getitem__, look.kinds)}) for name, look in looks.items()}


def _json(raw: bytes, source: Source) -> dict[str, Kinds] | None:
    try:
        frame = read_jsonl.parse(raw, source).frame
    except DataError:
        return None
    return _seen(frame) or None


def _seen(frame: pl.DataFrame) -> dict[str, Kinds]:
    """What columns may hold; one without any value in the rows that were looked at, anything."""
    there = {name: present_values(frame[name]).any() for name in frame.columns}
    return {name: kinds_of(kind) if there[name] else ANY for name, kind in frame.schema.items()}


def _beginning(source: Source, form: FormatSpec) -> bytes | None:
    """The first lines of a file as UTF-8; odd bytes in them are the reader's to explain."""
    try:
        with source.open() as raw:
            held = raw.read(_LOOK)
        if len(held) == _LOOK and not form.encoding.startswith("utf-16"):
            held = held.rpartition(b"\n")[0] + b"\n"
        return decode(held, form.model_copy(update={"bad_rows": 0.5}), source.name)
    except (DataError, *UNREADABLE):
        return None
