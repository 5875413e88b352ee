"""Reads a CSV file of any size in blocks of rows: the same rows and types as reading it whole.

The guarantees are those of `csv_scan`: a row too short or too long, and a stray quote, are errors that name
the line. A block whose separators and line ends add up outside of its quotes cannot hide such a fault; the
slow proof, record by record, runs on the others only. Types are those of `read_types`. Polars reads numbers,
and reads as some what is text by that rule (007): a block with such fields is read again, with care.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.data.ahead import ahead
from trimtab.data.csv_marks import Marks
from trimtab.data.csv_scan import last_end, prove_widths, scan
from trimtab.data.read_csv import SEPARATORS, check_header
from trimtab.data.read_types import Looks, convert
from trimtab.data.table import brief

PIECE = 16 << 20
"""Bytes of the file that make a block."""
FIRST = 4 << 20
"""Bytes of the file that promise the types of the columns."""
_NUMBERS = {"int": pl.Int64, "float": pl.Float64}
_LARGE = 1e18
"""From here on a number may have more digits than its type keeps."""


class OtherTypes(Exception):
    """A value further down does not fit the type that the first rows promised."""


@dataclass(frozen=True)
class Piece:
    """Whole records of the file, as they stand there, from byte `start` on."""

    raw: bytes
    start: int


@dataclass(frozen=True)
class CsvBlocks:
    """A file with its columns and types; its pieces are read one by one, and parsed apart from each other."""

    path: Path
    separator: str
    header: bytes
    kinds: dict[str, str]
    """Column to type, as in `read_types.Looks`."""
    sure: bool
    """True when the types come from all rows."""

    @classmethod
    def open(cls, path: Path, piece: int = PIECE) -> CsvBlocks:
        """The file with the types that its first rows promise.

        Raises:
            DataError: the file is empty, or not CSV or TSV, or two columns have one name.
        """
        separator = SEPARATORS.get(path.suffix.lower().removeprefix("."))
        if separator is None:
            allowed = ", ".join(f".{kind}" for kind in SEPARATORS)
            raise DataError(str(path), "is no CSV or TSV file", f"give one of {allowed}")
        with path.open("rb") as stream:
            header = _header(stream)
        cells = (
            pl.read_csv(header, has_header=False, infer_schema=False, separator=separator) if header else None
        )
        names = [] if cells is None else [name or "" for name in cells.row(0)]
        blocks = cls(path, separator, header, dict.fromkeys(names, "text"), sure=False)
        filled = (each for each in blocks.pieces(min(piece, FIRST)) if blocks._trimmed(each).raw)
        first = next(filled, None)
        if names:
            place = f"{path}:1" if first is None else f"{path}:{blocks._line(first) - 1}"
            check_header(names, place, alone=first is None)
        if first is None:
            raise DataError(str(path), "the file has no rows", "give a file with a header and rows")
        looks = blocks._looks(first)
        found = replace(blocks, kinds={name: look.kind for name, look in looks.items()})
        return found if all(look.known for look in looks.values()) else found.settled()

    def settled(self) -> CsvBlocks:
        """The same with the types that all rows together have: the file is read once more."""
        parts = list(ahead(self._looks, self.pieces()))
        kinds = {name: reduce(add, (part[name] for part in parts)).kind for name in self.kinds}
        return replace(self, kinds=kinds, sure=True)

    def pieces(self, size: int = PIECE) -> Iterator[Piece]:
        """The records below the header, in order, in pieces of about `size` bytes."""
        with self.path.open("rb") as stream:
            _header(stream)
            start, wanted = stream.tell(), size
            while raw := stream.read(wanted):
                end = len(raw) if len(raw) < wanted else last_end(raw, b'"')
                if end:
                    yield Piece(raw[:end], start)
                start, wanted = start + end, size if end else 2 * wanted
                stream.seek(start)  # a record that was cut is read again, with the next ones

    def parse(self, piece: Piece) -> pl.DataFrame:
        """The rows of a piece.

        Raises:
            DataError: a row with more or fewer fields than the header, or a stray quote, with its line.
            OtherTypes: a value does not fit its column.
        """
        piece = self._trimmed(piece)
        if not piece.raw:
            return self._typed(pl.DataFrame(schema=dict.fromkeys(self.kinds, pl.String)))
        frame = self._quickly(piece)
        return self._typed(self._written(piece) if frame is None else frame)

    def _quickly(self, piece: Piece) -> pl.DataFrame | None:
        """The rows with numbers as Polars reads them; None where it finds none, or may have erred."""
        kinds = {name: _NUMBERS.get(kind, pl.String) for name, kind in self.kinds.items()}
        try:
            frame = self._read(piece.raw, kinds)
        except pl.exceptions.PolarsError:
            return None
        marks = Marks.of(piece.raw, self.separator)
        frame = self._sound(piece, frame, marks)
        floats = pl.col(pl.Float64)
        ends = frame.select(floats.min().name.prefix("low "), floats.max().name.prefix("high "))
        if any(value is not None and abs(value) >= _LARGE for row in ends.rows() for value in row):
            return None
        odd = [] if marks is None else marks.odd_columns(frame.width)
        return None if any(frame.dtypes[column].is_numeric() for column in odd) else frame

    def _written(self, piece: Piece) -> pl.DataFrame:
        """The rows, all columns as they are written."""
        try:
            frame = self._read(piece.raw, dict.fromkeys(self.kinds, pl.String))
        except pl.exceptions.PolarsError as error:
            self._prove(piece)
            problem = f"cannot be read ({brief(error)})"
            raise DataError(str(self.path), problem, "check that the file is whole") from error
        return self._sound(piece, frame, Marks.of(piece.raw, self.separator))

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the columns that are still written as their types."""
        written = [
            name for name, kind in self.kinds.items() if kind != "text" and frame[name].dtype == pl.String
        ]
        if not all(Looks.of(frame[name]).fit(self.kinds[name]) for name in written):
            if self.sure:
                raise DataError(str(self.path), "changed while it was read", "read it again")
            raise OtherTypes
        return frame.with_columns(convert(frame[name], self.kinds[name]) for name in written)

    def _looks(self, piece: Piece) -> dict[str, Looks]:
        """What the values of each column could be."""
        piece = self._trimmed(piece)
        if not piece.raw:
            return {name: Looks.of(pl.Series([], dtype=pl.String)) for name in self.kinds}
        return {values.name: Looks.of(values) for values in self._written(piece)}

    def _read(self, raw: bytes, kinds: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
        """What Polars reads; at the beginning it would pass over U+FEFF and over empty lines."""
        skipped = raw.startswith((codecs.BOM_UTF8, b"\r", b"\n"))
        return pl.read_csv(
            b".\n" + raw if skipped else raw,
            has_header=False,
            skip_rows=int(skipped),
            schema=dict(kinds),
            separator=self.separator,
        )

    def _sound(self, piece: Piece, frame: pl.DataFrame, marks: Marks | None) -> pl.DataFrame:
        """The rows without empty lines, once it is proven that they are those of the file.

        Polars refuses a row that is too long, so one that is too short cannot be made up for by another.
        """
        if marks is not None and marks.add_up(frame.height, frame.width):
            return frame
        blank = self._prove(piece)
        if frame.height != len(blank):
            problem = f"{frame.height} rows were read where {len(blank)} lie in the file"
            raise DataError(f"{self.path}:{self._line(piece)}", problem, "save it as UTF-8 CSV")
        return frame.filter(~blank) if frame.width > 1 else frame

    def _prove(self, piece: Piece) -> np.ndarray:
        """True (records,) for empty lines, where the structure is sound."""
        try:
            records = scan(self.header + piece.raw, self.separator, str(self.path))
            prove_widths(records, str(self.path))
        except DataError as error:  # it counts lines from the header, which it was given as the first
            line = int(error.place.rpartition(":")[2]) - 2 + self._line(piece)
            raise DataError(f"{self.path}:{line}", error.problem, error.remedy) from None
        return records.blank[1:]

    def _line(self, piece: Piece) -> int:
        """The line of the file on which the piece begins."""
        with self.path.open("rb") as stream:
            return 1 + sum(
                stream.read(min(PIECE, piece.start - at)).count(b"\n") for at in range(0, piece.start, PIECE)
            )

    def _trimmed(self, piece: Piece) -> Piece:
        """The piece without empty lines at its beginning; in a file of one column each is a null."""
        raw = piece.raw if len(self.kinds) == 1 else piece.raw.lstrip(b"\r\n")
        return Piece(raw, piece.start + len(piece.raw) - len(raw))


def _header(stream: BinaryIO) -> bytes:
    """The first line that is not empty, without a byte order mark."""
    for line in stream:
        text = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if text.strip():
            return text + b"\n"
    return b""
