"""The types of columns: found from what is written in every row, or declared and then held to.

A column is of whole numbers, numbers, booleans, dates or times when each of its values is; of text otherwise.
Nothing is lost by it: 007 and 12345678901234567890 are texts, since as numbers they would be 7 and rounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

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
_ORDER = (*_PATTERNS, "instant")
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
        there = without_missing(values, form.missing)
        declared = form.types.get(values.name)
        if declared is not None and values.name not in texts:
            _castable(there, declared, table.name)
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


@dataclass(frozen=True)
class Looks:
    """The types that all values of a column fit, as they are written: a summary, so that blocks add up.

    `kinds` are types as in `data.types`, and `instant`, a time with an offset. A column is of numbers only
    where a value holds a `digit`, and none is too `wide` for a float.
    """

    kinds: frozenset[str]
    empty: bool = False
    digit: bool = False
    wide: bool = False

    @classmethod
    def of(cls, values: pl.Series, decimal: str = ".") -> Self:
        """The looks of texts; null and blank ones are no values."""
        there = _values(values)
        if len(there) == 0:
            return cls(frozenset(_ORDER), empty=True)
        kinds = frozenset(kind for kind, _ in _fitting(values, decimal))
        return cls(kinds, False, *(_believed(there) if "float" in kinds else ()))

    def __add__(self, other: Looks) -> Looks:
        return Looks(
            self.kinds & other.kinds,
            self.empty and other.empty,
            self.digit or other.digit,
            self.wide or other.wide,
        )

    @property
    def known(self) -> bool:
        """False while more values may yet make a type of what seems text."""
        return not self.empty and ("float" not in self.kinds or self.digit)

    @property
    def kind(self) -> str:
        """The type of the column."""
        kind = next((kind for kind in _ORDER if kind in self.kinds), "text")
        return "text" if not self.known or (kind == "float" and self.wide) else kind

    def fit(self, kind: str) -> bool:
        """True when these values may stand in a column of that type."""
        return kind == "text" or (kind in self.kinds and not (kind == "float" and self.wide))


def infer(values: pl.Series, decimal: str = ".") -> pl.Series:
    """Written values as the narrowest type that holds them all; texts stay as they are.

    >>> infer(pl.Series(["1", None, "2.5"])).to_list()
    [1.0, None, 2.5]
    >>> infer(pl.Series(["007", "8"])).to_list()
    ['007', '8']
    """
    there = _values(values)
    kind, found = next(_fitting(values, decimal), ("text", values)) if len(there) else ("text", values)
    digit, wide = _believed(there) if kind == "float" else (True, False)
    return found if digit and not wide else values


def _values(values: pl.Series) -> pl.Series:
    plain = values.str.strip_chars()
    return plain.filter(plain.is_not_null() & (plain != ""))


def _fitting(values: pl.Series, decimal: str) -> Iterator[tuple[str, pl.Series]]:
    """The types that all values fit, the narrowest first, and the values as that type."""
    there = _values(values)
    written = there
    if decimal == "," and there.str.contains(",", literal=True).any():
        written = _pointed(there)
    for kind, pattern in _PATTERNS.items():
        if not written.head(_SOME).str.contains(pattern).all() or not written.str.contains(pattern).all():
            continue
        found = convert(values, kind, decimal)
        if found.null_count() == len(values) - len(there):
            zoned = kind == "datetime" and found.dtype == pl.Datetime("us", "UTC")
            yield ("instant" if zoned else kind), found


def _believed(there: pl.Series) -> tuple[bool, bool]:
    """Whether a value that looks like a number holds a digit, and whether one is too wide for a float."""
    return bool(there.str.contains(r"\d").any()), bool(there.str.contains(_WIDE).any())


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
    return _instants(plain) if name == "instant" else _times(plain, layout)


def without_missing(values: pl.Series, missing: Sequence[str]) -> pl.Series:
    """The values, with null for those that stand for a missing one."""
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


def _times(plain: pl.Series, layout: str) -> pl.Series:
    """Times, in ISO 8601 without a layout. A column with and without offsets has no common clock."""
    if layout:
        return plain.str.to_datetime(layout, strict=False, time_unit="us")
    even = plain.str.replace("T", " ", literal=True)
    aware = even.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$") & even.str.contains(":", literal=True)
    if aware.any() and aware.all():
        return _instants(plain)
    full = even.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1} 00:00:00").str.replace(
        r"^(\S+ \d{2}:\d{2})$", "${1}:00"
    )
    return full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def _instants(plain: pl.Series) -> pl.Series:
    """ISO 8601 times with an offset, in UTC."""
    even = plain.str.replace("T", " ", literal=True)
    offset = even.str.replace(r"Z$", "+00:00").str.replace(r"^(\S+ \d{2}:\d{2})([+-])", "${1}:00${2}")
    found = offset.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", strict=False, time_unit="us")
    return found.cast(pl.Datetime("us", "UTC"))  # without a value, too


def _castable(values: pl.Series, kind: str, place: str) -> None:
    """Raise DataError where no value of the column's type could be of the declared one."""
    held, name = values.dtype, kind.partition(" ")[0]
    if held.is_numeric() or held == pl.Boolean:
        allowed = {"int", "float", "bool", "text"}
    elif held in (pl.Date, pl.Datetime):
        allowed = {"date", "datetime", "text"}
    else:
        allowed = set(_TYPES) if held in (pl.String, pl.Null, pl.Categorical, pl.Enum) else set()
    if name not in allowed:
        remedy = f"declare {' or '.join(sorted(allowed))}" if allowed else "leave it out of data.types"
        raise DataError(place, f"column '{values.name}' is of {held} and cannot be {name}", remedy)


def _held_to(values: pl.Series, kind: str, decimal: str) -> tuple[pl.Series, np.ndarray]:
    """The values as the declared type, and where (rows,) a value is none of it."""
    name = kind.partition(" ")[0]
    if values.dtype in (pl.String, pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
        there = values.is_not_null() & ((values.str.strip_chars() != "") | (name == "text"))
        found = convert(values, kind, decimal)
    else:
        there = values.is_not_null()
        found = values.cast(_TYPES[name], strict=False)
        if name == "int" and values.dtype.is_float():
            found = found.set((found.cast(pl.Float64) != values).fill_null(False), None)
            there = there & values.is_not_nan().fill_null(False)
        if name == "bool" and values.dtype.is_numeric():
            found = found.set(((values != 0) & (values != 1)).fill_null(True), None)
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
