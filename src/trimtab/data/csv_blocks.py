"""Reads a CSV file of any size in blocks of rows: the same rows and types as reading it whole.

The guarantees are those of `csv_scan`: a row too short or too long, and a stray quote, are errors that name
the line. A block whose separators add up, and whose texts hold no quote and no line end, cannot hide such a
fault; the slow proof, record by record, runs on the others only.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.data.csv_scan import prove_widths, scan

PIECE = 16 << 20
"""Bytes of the file that make a block."""
SEPARATORS = {".csv": ",", ".tsv": "\t"}


class OtherTypes(Exception):
    """A value further down does not fit the type that the first rows promised."""


@dataclass(frozen=True)
class Piece:
    """Whole records of the file, as they stand there; `lines` come before."""

    raw: bytes
    lines: int


@dataclass(frozen=True)
class CsvBlocks:
    """A file with its columns and types; its pieces are read one by one, and parsed apart from each other."""

    path: Path
    separator: str
    header: bytes
    schema: dict[str, pl.DataType]
    sure: bool
    """True when the types come from all rows."""

    @classmethod
    def open(cls, path: Path, piece: int = PIECE) -> CsvBlocks:
        """The file with the types that its first rows promise.

        Raises:
            DataError: the file is empty, or not CSV or TSV.
        """
        separator = SEPARATORS.get(path.suffix.lower())
        if separator is None:
            raise DataError(str(path), "is no CSV or TSV file", f"give one of {', '.join(SEPARATORS)}")
        with path.open("rb") as stream:
            header, lines = _header(stream)
            first = stream.read(piece)
            while not _last_end(first) and (more := stream.read(piece)):
                first += more  # one record may be longer than a piece
        if not header or not first.strip():
            raise DataError(str(path), "the file has no rows", "give a file with a header and rows")
        blocks = cls(path, separator, header, {}, sure=False)
        part = Piece(first[: _last_end(first) or len(first)], lines)
        try:
            found = pl.read_csv(header + part.raw, separator=separator, infer_schema_length=None)
        except pl.exceptions.PolarsError as error:
            blocks._prove(part)
            raise _broken(str(path), error) from error
        unknown = any(found[name].null_count() == found.height for name in found.columns)
        return blocks.settled() if unknown else replace(blocks, schema=dict(found.schema))

    def settled(self) -> CsvBlocks:
        """The same with the types that all rows together have: the file is read once more."""
        lazy = pl.scan_csv(self.path, separator=self.separator, infer_schema_length=None)
        return replace(self, schema=dict(lazy.collect_schema()), sure=True)

    def pieces(self, size: int = PIECE) -> Iterator[Piece]:
        """The records below the header, in order, in pieces of about `size` bytes."""
        with self.path.open("rb") as stream:
            _, lines = _header(stream)
            held = b""
            while more := stream.read(size):
                held += more
                end = _last_end(held)
                if end:
                    yield Piece(held[:end], lines)
                    lines += held.count(b"\n", 0, end)
                    held = held[end:]
            if held:
                yield Piece(held, lines)

    def parse(self, piece: Piece) -> pl.DataFrame:
        """The rows of a piece.

        Raises:
            DataError: a row with more or fewer fields than the header, or a stray quote, with its line.
            OtherTypes: a value does not fit its column.
        """
        piece = _trimmed(piece)
        if not piece.raw:
            return pl.DataFrame(schema=self.schema)
        try:
            frame = pl.read_csv(piece.raw, has_header=False, schema=self.schema, separator=self.separator)
        except pl.exceptions.PolarsError as error:
            self._prove(piece)
            if not self.sure and "could not parse" in str(error):
                raise OtherTypes from error
            raise _broken(str(self.path), error) from error
        if self._adds_up(piece.raw, frame):
            return frame
        blank = self._prove(piece)
        if frame.height != len(blank):
            problem = f"{frame.height} rows were read where {len(blank)} lie in the file"
            raise DataError(f"{self.path}:{piece.lines + 1}", problem, "save it as UTF-8 CSV")
        return frame.filter(~blank)

    def _adds_up(self, raw: bytes, frame: pl.DataFrame) -> bool:
        """True when the piece is proven whole: as many separators as the rows need, and no odd quote.

        Polars refuses a row that is too long, so one that is too short cannot be made up for by another.
        """
        if frame.width == 1 and frame.to_series().null_count():
            return False  # empty lines, perhaps
        found = raw.count(self.separator.encode())
        texts = frame.select(pl.col(pl.String)) if b'"' in raw else pl.DataFrame()
        if texts.width:
            odd = pl.all().str.contains_any(['"', "\n"]).any()
            if any(texts.select(odd).row(0)):
                return False
            inside = texts.select(pl.all().str.count_matches(self.separator, literal=True).sum())
            found -= sum(inside.row(0))
        return found == frame.height * (frame.width - 1)

    def _prove(self, piece: Piece) -> np.ndarray:
        """True (records,) for empty lines, where the structure is sound."""
        try:
            records = scan(self.header + piece.raw, self.separator, str(self.path))
            prove_widths(records, str(self.path))
        except DataError as error:  # it counts lines from the header, which it was given as the first
            line = int(error.place.rpartition(":")[2]) - 1 + piece.lines
            raise DataError(f"{self.path}:{line}", error.problem, error.remedy) from None
        return records.blank[1:]


def _header(stream: BinaryIO) -> tuple[bytes, int]:
    """The first line that is not empty, without a byte order mark, and its number."""
    for number, line in enumerate(stream, 1):
        text = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if text.strip():
            return text + b"\n", number
    return b"", 0


def _trimmed(piece: Piece) -> Piece:
    """The piece without empty lines at its beginning, which Polars passes over there and nowhere else."""
    raw = piece.raw.lstrip(b"\r\n")
    return Piece(raw, piece.lines + piece.raw.count(b"\n", 0, len(piece.raw) - len(raw)))


def _broken(place: str, error: Exception) -> DataError:
    first = str(error).partition("\n")[0]
    return DataError(place, f"cannot be read ({first})", "check that the file is whole")


def _last_end(raw: bytes) -> int:
    """The place after the last line end that stands in no quotes; 0 where there is none."""
    if b'"' not in raw:
        return raw.rfind(b"\n") + 1
    data = np.frombuffer(raw, np.uint8)
    marks = np.flatnonzero((data == ord('"')) | (data == ord("\n")))
    breaks = data[marks] == ord("\n")
    outside = (np.cumsum(~breaks) & 1) == 0
    ends = marks[breaks & outside]
    return int(ends[-1]) + 1 if len(ends) else 0
