"""Reads JSON lines: one object a line; what is none, or names a key twice, is set aside with its line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.spec import FormatSpec
from trimtab.data.json_keys import doubtful
from trimtab.data.read_csv import decode
from trimtab.data.sources import Source
from trimtab.data.table import Bad, Table, brief

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""An escape that may be half a character: Polars reads it as a NUL character, in silence."""


def load(source: Source, form: FormatSpec) -> Table:
    """JSON lines (`.jsonl`, `.ndjson`): one object a line; a key that is not there is null, as is `null`."""
    return parse(decode(source.read(), form, source.name), source)


def parse(raw: bytes, source: Source, first_line: int = 1, names: Sequence[str] = ()) -> Table:
    """The rows of UTF-8 text that begins on `first_line`; `names` where lines before it have keys."""
    starts, ends = _lines(raw)
    real = np.flatnonzero(starts < ends)
    numbers = real + first_line
    if len(real) == 0:
        raise DataError(source.name, "the file has no rows", "give a file with at least one row")
    starts, ends = starts[real], ends[real]
    frame = None if _SURROGATE.search(raw) else _quick(raw)
    whole = frame is not None and frame.width and frame.height == len(real)
    doubted = doubtful(raw, ends, frame).tolist() if frame is not None and whole else range(len(real))
    bad = [found for row in doubted if (found := _fault(row, raw[starts[row] : ends[row]])) is not None]
    if frame is not None and whole and not bad:
        return Table(source.name, frame, np.arange(len(real)), len(real), numbers)
    ids = np.setdiff1d(np.arange(len(real)), [one.row for one in bad])
    if len(ids) == 0:
        return Table(source.name, pl.DataFrame(), ids, len(real), numbers, tuple(bad))
    good = [raw[starts[row] : ends[row]] for row in ids.tolist()]
    frame = _quick(b"\n".join(good))
    if frame is not None and frame.width == 0 and names:
        frame = pl.DataFrame({names[0]: [None] * len(ids)})
    if frame is not None and frame.width == 0:
        raise DataError(source.name, "no object has a key", 'write {"column": value, ...}')
    if frame is None or frame.height != len(ids):
        _explain_mixture(good, numbers[ids], source.name)
        raise DataError(source.name, "cannot be read as JSON lines", "write one object a line")
    return Table(source.name, frame, ids, len(real), numbers, tuple(bad))


def _lines(raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where each line begins and ends; a line of white space ends where it begins."""
    data = np.frombuffer(raw, np.uint8)
    ends = np.append(np.flatnonzero(data == ord("\n")), len(data))
    starts = np.append(0, ends[:-1] + 1)
    indented = data[np.minimum(starts, len(data) - 1)] <= ord(" ") if len(data) else np.zeros(0, bool)
    for at in np.flatnonzero(indented):
        if not raw[starts[at] : ends[at]].strip():
            ends[at] = starts[at]
    return starts, ends


def _quick(raw: bytes) -> pl.DataFrame | None:
    """The rows, columns in the order of the first line (Polars gives many in any order); or None."""
    try:
        frame = pl.read_ndjson(raw, infer_schema_length=None)
        first = json.loads(raw.lstrip().partition(b"\n")[0])
    except (pl.exceptions.PolarsError, ValueError):
        return None
    return frame.select([*first, *sorted(set(frame.columns) - set(first))]) if frame.width else frame


def _fault(row: int, line: bytes) -> Bad | None:
    """What is wrong with a line, or None."""
    raw = line.decode("utf-8", "replace")
    try:
        value = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
    except _Twice as error:
        return Bad(row, f"key '{error}' stands twice", "leave one of them", raw)
    except (ValueError, RecursionError) as error:
        return Bad(row, f"not JSON ({brief(error)})", "mend the line", raw)
    if not isinstance(value, dict):
        return Bad(row, "the line is no JSON object", 'write {"column": value, ...}', raw)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Bad(row, "half a surrogate pair is no character", r"write both \u escapes, or UTF-8", raw)
    return None


class _Twice(Exception):
    """An object has two values for one key."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice(next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1))
    return made


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _explain_mixture(lines: list[bytes], numbers: np.ndarray, name: str) -> None:
    """Raise DataError for the first column whose values are of kinds that no column can hold together."""
    seen: dict[str, tuple[str, int]] = {}
    for line, number in zip(lines, numbers.tolist(), strict=True):
        for column, value in json.loads(line).items():
            kind = _kind(value)
            if kind is None:
                continue
            first, at = seen.setdefault(column, (kind, number))
            if first != kind:
                raise DataError(
                    f"{name}:{number}",
                    f"column '{column}' holds {kind} here and {first} on line {at}",
                    "write values of one kind",
                )


def _kind(value: Any) -> str | None:
    kinds = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return None if value is None else kinds[type(value)]
