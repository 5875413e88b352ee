"""The types of columns: found from what is written in every row, or declared and then held to.

A column is of whole numbers, numbers, booleans, dates or times when each of its values is; of text otherwise.
Nothing is lost by it: 007 and 12345678901234567890 are texts, since as numbers they would be 7 and rounded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.spec import FormatSpec
from trimtab.data.table import Bad, Table, shown

_NUMBER = r"(?:0|[1-9]\d*)"
_BROKEN = rf"[+-]?(?:{_NUMBER}\.\d*|\.\d+)"
_PATTERNS = {
    "bool": r"^(?i:true|false)$",
    "int": rf"^-?{_NUMBER}$",
    "float": rf"^(?:(?:-?{_NUMBER}|{_BROKEN})(?:[eE][+-]?\d+)?|[+-]?(?i:nan|inf|infinity))$",
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "datetime": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$",
}
"""How values look from which a type is inferred; dates and times as in ISO 8601."""
_WIDE = r"^[+-]?\d{19,}$"
"""A whole number with more digits than any number type keeps."""
_SOME = 256
"""Values looked at first, so that texts are told apart without reading all of them."""
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
    "text": pl.String,
    "date": pl.Date,
    "datetime": pl.Datetime("us"),
}


def settle(table: Table, form: FormatSpec, texts: Collection[str] = ()) -> Table:
    """The table with missing values as null and each column of its type; `texts` are texts in any case.

    A row with a value that its declared type cannot hold moves to the unreadable ones.

    Raises:
        DataError: a type is declared for a column that is not there.
    """
    for name in form.types:
        if name not in table.frame.columns:
            raise DataError(
                table.place(0) if table.total else table.name,
                f"no column '{name}', for which data.types declares a type",
                suggestion(name, table.frame.columns),
            )
    columns, bad = [], list(table.bad)
    for values in table.frame.iter_columns():
        there = _without_missing(values, form.missing)
        declared = form.types.get(values.name)
        if declared is not None and values.name not in texts:
            there, wrong = _held_to(there, declared, form.decimal)
            bad += _unfit(table, values, wrong, declared)
        elif table.written and values.name not in texts:
            there = infer(there, form.decimal)
        columns.append(there)
    gone = sorted({one.row for one in bad} - {one.row for one in table.bad})
    frame = pl.DataFrame({one.name: one for one in columns})  # a list of series would rename a nameless one
    if not gone:
        return replace(table, frame=frame)
    kept = ~np.isin(table.ids, gone)
    return replace(table, frame=frame.filter(kept), ids=table.ids[kept], bad=_first_of_each(bad))


def kinds_of(frame: pl.DataFrame) -> dict[str, str]:
    """The name of each column's type, for `data.types`."""
    named = {kind: name for name, kind in _TYPES.items()}
    return {name: named[kind] for name, kind in frame.schema.items() if kind in named}


def infer(values: pl.Series, decimal: str = ".") -> pl.Series:
    """Written values as the narrowest type that holds them all; texts stay as they are.

    >>> infer(pl.Series(["1", None, "2.5"])).to_list()
    [1.0, None, 2.5]
    >>> infer(pl.Series(["007", "8"])).to_list()
    ['007', '8']
    """
    plain = values.str.strip_chars()
    there = plain.filter(plain.is_not_null() & (plain != ""))
    if len(there) == 0:
        return values
    if decimal == "," and (there.str.contains(",", literal=True).any()):
        there = _pointed(there)
    for kind, pattern in _PATTERNS.items():
        if not there.head(_SOME).str.contains(pattern).all() or not there.str.contains(pattern).all():
            continue
        if kind == "float" and (there.str.contains(_WIDE).any() or not there.str.contains(r"\d").any()):
            return values
        found = convert(plain, kind, decimal)
        if found.null_count() == len(values) - len(there):
            return found
    return values


def convert(values: pl.Series, kind: str, decimal: str = ".") -> pl.Series:
    """Written values as a type, with a null where a value is none of it (an empty one never is)."""
    name, _, layout = kind.partition(" ")
    plain = values.str.strip_chars()
    if name == "text":
        return values
    if name == "bool":
        lower = plain.str.to_lowercase()
        truth = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
        return lower.replace_strict(truth, default=None, return_dtype=pl.Boolean)
    if name == "int":
        return plain.cast(pl.Int64, strict=False)
    if name == "float":
        return _floats(_pointed(plain) if decimal == "," else plain)
    if name == "date":
        return plain.str.to_date(layout or "%Y-%m-%d", strict=False)
    return plain.str.to_datetime(layout, strict=False, time_unit="us") if layout else _times(plain)


def _without_missing(values: pl.Series, missing: Sequence[str]) -> pl.Series:
    if not missing or values.dtype != pl.String:
        return values
    marked = values.str.strip_chars().is_in(list(missing))
    return values.set(marked.fill_null(False), None) if marked.any() else values


def _pointed(values: pl.Series) -> pl.Series:
    """Decimal commas as points; what has a point already is no number of this file."""
    return values.str.replace(r"^([+-]?\d*),(\d*(?:[eE][+-]?\d+)?)$", "${1}.${2}").set(
        values.str.contains(r"^[+-]?\d*\.\d*$").fill_null(False), "?"
    )


def _floats(plain: pl.Series) -> pl.Series:
    """Numbers; one too large for a float (1e400) is no value rather than infinity."""
    found = plain.cast(pl.Float64, strict=False)
    if found.is_infinite().any():
        overflown = found.is_infinite() & ~plain.str.to_lowercase().str.contains("inf")
        found = found.set(overflown.fill_null(False), None)
    return found


def _times(plain: pl.Series) -> pl.Series:
    """ISO 8601 times; those with an offset in UTC. A column that has both kinds has no common clock."""
    even = plain.str.replace("T", " ", literal=True)
    aware = even.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$") & even.str.contains(":", literal=True)
    if aware.any() and aware.all():
        offset = even.str.replace(r"Z$", "+00:00").str.replace(r"^(\S+ \d{2}:\d{2})([+-])", "${1}:00${2}")
        return offset.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", strict=False, time_unit="us")
    full = even.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00:00").str.replace(
        r"^(\S+ \d{2}:\d{2})$", "${1}:00"
    )
    return full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def _held_to(values: pl.Series, kind: str, decimal: str) -> tuple[pl.Series, np.ndarray]:
    """The values as the declared type, and where (rows,) a value is none of it."""
    name = kind.partition(" ")[0]
    if values.dtype == pl.String:
        there = values.is_not_null() & ((values.str.strip_chars() != "") | (name == "text"))
        found = convert(values, kind, decimal)
    else:
        there = values.is_not_null()
        found = values.cast(_TYPES[name], strict=False)
        if name == "int" and values.dtype.is_float():
            found = found.set((found.cast(pl.Float64) != values).fill_null(False), None)
            there = there & values.is_not_nan().fill_null(False)
    return found, (there & found.is_null()).to_numpy()


def _unfit(table: Table, values: pl.Series, wrong: np.ndarray, kind: str) -> list[Bad]:
    name = kind.partition(" ")[0]
    remedy = f"mend the value, or declare another type than '{kind}' in data.types"
    return [
        Bad(
            int(table.ids[at]),
            f"{values.name} {shown(values[at])} is no {name}",
            remedy,
            str(table.frame.row(at)),
        )
        for at in np.flatnonzero(wrong).tolist()
    ]


def _first_of_each(bad: Sequence[Bad]) -> tuple[Bad, ...]:
    """One fault a row, in the order of the rows."""
    found: dict[int, Bad] = {}
    for one in bad:
        found.setdefault(one.row, one)
    return tuple(found[row] for row in sorted(found))
