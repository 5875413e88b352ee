"""What a reader found in one file: rows, their places in the file, and those that cannot be read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import polars as pl

from trimtab.core.dropped import Dropped, Gone
from trimtab.core.errors import DataError
from trimtab.core.units import show_share

SHOWN = 60
"""Most characters of a value that an error or a reason repeats."""


@dataclass(frozen=True)
class Bad:
    """A row that cannot be read: its number, what is wrong with it, what to do, and what stands there."""

    row: int
    problem: str
    remedy: str
    raw: str


@dataclass(frozen=True)
class Table:
    """The readable rows of a source, and the others.

    `ids` (rows,) are the rows' numbers in the source, from 0, where the unreadable `bad` ones count too:
    `total` rows in all. `lines` (total,) are the lines they begin on, where the format has lines. `written`
    says that cells are texts as they stand in the file, whose types are still to be found. `parts` are the
    tables of the single files where there are several.
    """

    name: str
    frame: pl.DataFrame
    ids: np.ndarray
    total: int
    lines: np.ndarray | None = None
    bad: tuple[Bad, ...] = ()
    modality: str = "tabular"
    written: bool = False
    parts: tuple[Table, ...] = ()

    def place(self, row: int) -> str:
        """`file:line` of a row, or `file row N` where the format has no lines."""
        if self.parts:
            starts = [0, *accumulate(part.total for part in self.parts)]
            at = bisect_right(starts, row) - 1
            return self.parts[at].place(row - starts[at])
        return f"{self.name} row {row}" if self.lines is None else f"{self.name}:{self.lines[row]}"

    def near(self, row: int) -> str:
        """The place without the file's name, where there is one file only."""
        return self.place(row) if self.parts or self.lines is None else f"line {self.lines[row]}"

    def drops(self, start: int = 0) -> Dropped:
        """The unreadable rows as dropped ones, with place and reason; `start` is the id of the first row."""
        if not self.bad:
            return Dropped()
        ids = np.array([bad.row + start for bad in self.bad], np.int64)
        reasons = [f"{bad.problem} at {self.place(bad.row)}" for bad in self.bad]
        rows = pl.DataFrame({"raw": [bad.raw for bad in self.bad]}, schema={"raw": pl.String})
        return Dropped((Gone("read", ids, pl.Series("reason", reasons, pl.String), rows),))

    def check(self, allowed: float) -> None:
        """Raise DataError when more than a share `allowed` of the rows is unreadable; the first is named."""
        if len(self.bad) > allowed * self.total:
            first = min(self.bad, key=lambda bad: bad.row)
            said = f"{len(self.bad):,} of {self.total:,} rows cannot be read"
            limit = f"{said}, data.bad_rows allows {show_share(allowed)}"
            raise DataError(self.place(first.row), first.problem, f"{first.remedy} ({limit})")


def table(name: str, frame: pl.DataFrame, **more: object) -> Table:
    """A table without unreadable rows."""
    return Table(name, frame, np.arange(frame.height, dtype=np.int64), frame.height, **more)  # type: ignore[arg-type]


def join(tables: Sequence[Table]) -> Table:
    """The rows of several files under one another.

    Raises:
        DataError: a file has other columns than the first.
    """
    if len(tables) == 1:
        return tables[0]
    first, starts = tables[0], [0, *accumulate(part.total for part in tables)]
    for other in tables[1:]:
        differing = sorted({*first.frame.columns} ^ {*other.frame.columns})
        if differing:
            raise DataError(
                other.name,
                f"column '{differing[0]}' does not stand in both this file and {first.name}",
                "give files with the same columns",
            )
    names = first.frame.columns
    try:
        frame = pl.concat([part.frame.select(names) for part in tables], how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        raise DataError(
            first.name, f"the files do not fit together ({brief(error)})", "declare data.types"
        ) from error
    return Table(
        first.name,
        frame,
        np.concatenate([part.ids + start for part, start in zip(tables, starts, strict=False)]),
        starts[-1],
        bad=tuple(
            Bad(bad.row + start, bad.problem, bad.remedy, bad.raw)
            for part, start in zip(tables, starts, strict=False)
            for bad in part.bad
        ),
        modality=first.modality,
        written=all(part.written for part in tables),
        parts=tuple(tables),
    )


def brief(error: BaseException) -> str:
    """The first line of a library's message; without addresses in memory, which differ each time."""
    told = (str(error) or type(error).__name__).partition("\n")[0]
    return re.sub(r" ?<\S+ object at 0x[0-9a-f]+>", "", told)[:300]


def shown(value: object) -> str:
    """A value as an error repeats it."""
    text = str(value)
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}...")


def unique(names: Sequence[str], place: str) -> None:
    """Raise DataError when two columns have one name: nobody could tell them apart."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(place, f"two columns are named '{name}'", "rename one of them")
        seen.add(name)
