"""Reads files larger than memory: the same rows as `read_rows`, a batch at a time.

CSV and JSON lines are read by pieces of the file, cut where a record ends; Parquet by slices of rows. Types
are those declared, and else those of the first piece: nobody can know a type before the last row was read. A
later value that its type cannot hold makes its row an unreadable one, named with its line.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from trimtab.core.dropped import Dropped
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.spec import FormatSpec
from trimtab.data import READERS, read_csv, read_jsonl
from trimtab.data.csv_scan import last_end
from trimtab.data.read_parquet import columns
from trimtab.data.read_types import kinds_of, settle
from trimtab.data.sources import Source, guarded, locate
from trimtab.data.table import Table, table, unique

PIECE = 1 << 24
"""Bytes of a file that are held at once."""
MARK = 4
"""Bytes of the longest byte order mark."""


def read_batches(
    where: Path | str,
    form: FormatSpec | None = None,
    rows: int = 100_000,
    place: str = "read_batches",
    texts: Collection[str] = (),
    modality: str = "tabular",
    piece: int = PIECE,
) -> Iterator[Batch]:
    """Batches of at most `rows` rows, in the order of the files; ids count on through all of them.

    `texts` are columns that are text whatever they hold. Each batch carries its unreadable rows in `dropped`;
    their share is checked at the end (at once where none is allowed). Pictures, `.ts` files and datasets are
    read whole and given in pieces.

    Raises:
        DataError: what cannot be read, and where.
    """
    form = form or FormatSpec()
    known, total, bad = form, 0, 0
    names: list[str] = []
    first: Table | None = None
    sources = locate(where, place, list(READERS))
    for source in sources:
        for part in _pieces(source, form, piece):
            found = settle(_aligned(part, names, known), known, texts)
            names = names or found.frame.columns
            if form.bad_rows == 0:
                found.check(0)
            if known is form and found.frame.height:
                known = form.model_copy(update={"types": {**kinds_of(found.frame), **form.types}})
            first = first or (found if found.bad else None)
            bad += len(found.bad)
            yield from _batches(found, total, rows, modality)
            total += found.total
    if total == 0:
        raise DataError(sources[0].name, "the file has no rows", "give a file with at least one row")
    if first is not None:
        replace(first, total=total, bad=first.bad[:1] * bad).check(form.bad_rows)


def _aligned(part: Table, names: Sequence[str], form: FormatSpec) -> Table:
    """JSON lines leave out what they lack: the columns of the first piece and of data.types, in one order."""
    if part.written or not (names or form.types):
        return part
    fresh = next((name for name in part.frame.columns if names and name not in names), None)
    if fresh is not None and len(part.ids):
        first = part.frame[fresh].is_not_null().arg_true()
        place = part.place(int(part.ids[int(first[0]) if len(first) else 0]))
        raise DataError(
            place, f"column '{fresh}' stands in no row before", f"declare it: data.types: {{{fresh}: text}}"
        )
    wanted = list(dict.fromkeys([*(names or part.frame.columns), *form.types]))
    absent = [pl.lit(None).alias(name) for name in wanted if name not in part.frame.columns]
    return replace(part, frame=part.frame.with_columns(absent).select(wanted))


def _batches(found: Table, start: int, rows: int, modality: str) -> Iterator[Batch]:
    """The rows of a piece; its unreadable rows go with its last batch."""
    drops = found.drops(start)
    cuts = range(0, max(found.frame.height, 1), rows)
    for at in cuts:
        here = slice(at, at + rows)
        last = drops if at == cuts[-1] else Dropped()
        kind = found.modality if found.modality != "tabular" else modality
        if found.frame.height or last:
            yield Batch(found.frame[here], found.ids[here] + start, kind, last)


def _pieces(source: Source, form: FormatSpec, piece: int) -> Iterator[Table]:
    if source.kind in read_csv.SEPARATORS and not source.remote:
        yield from _csv(source, form, piece)
    elif source.kind in {"jsonl", "ndjson"} and not source.remote:
        yield from _jsonl(source, form, piece)
    elif source.kind == "parquet":
        yield from _parquet(source)
    else:
        yield READERS.load(source.kind)(source, form)


def _csv(source: Source, form: FormatSpec, piece: int) -> Iterator[Table]:
    names: tuple[str, ...] = form.header
    line = 1
    for raw in _cut(_decoded(source, form, piece), form.quote.encode()):
        if names or raw.strip(b"\r\n"):
            found = read_csv.parse(raw, form, source, names, line)
            names = names or tuple(found.frame.columns)
            unique(names, f"{source.name}:{line}")
            yield found
        line += raw.count(b"\n")
    if not names:
        raise DataError(source.name, "the file is empty", "give a file with a header and rows")


def _jsonl(source: Source, form: FormatSpec, piece: int) -> Iterator[Table]:
    names: list[str] = []
    line = 1
    for raw in _cut(_decoded(source, form, piece), b""):
        if raw.strip():
            found = read_jsonl.parse(raw, source, line, names)
            names = names or found.frame.columns
            yield found
        line += raw.count(b"\n")


def _parquet(source: Source) -> Iterator[Table]:
    rows = 100_000
    scan = pl.scan_parquet(source.name)
    height = int(columns(lambda: scan.select(pl.len()).collect(), source.name).item())
    for at in range(0, height, rows):
        yield table(source.name, columns(lambda at=at: scan.slice(at, rows).collect(), source.name))  # type: ignore[misc]


def _decoded(source: Source, form: FormatSpec, piece: int) -> Iterator[bytes]:
    """The file as `read_csv.decode` gives it, by pieces that end anywhere."""
    with source.open() as stream:
        held = guarded(lambda: stream.read(max(piece, MARK)), source.name)
        encoding = read_csv.encoding_of(held, form)
        decoder = codecs.getincrementaldecoder(encoding)(read_csv.odd_bytes(encoding, form))
        lines, begun = 0, False
        while True:
            lines += held.count(b"\n")
            try:
                text = decoder.decode(held, final=not held)
            except UnicodeDecodeError as error:  # its object may begin with bytes of the piece before
                line = lines - error.object.count(b"\n", error.start) + 1
                raise read_csv.no_text(encoding, f"{source.name}:{line}") from error
            yield (text if begun else text.removeprefix("\ufeff")).encode("utf-8", "surrogateescape")
            if not held:
                return
            begun = begun or bool(text)
            held = guarded(lambda: stream.read(piece), source.name)


def _cut(pieces: Iterable[bytes], quote: bytes) -> Iterator[bytes]:
    """Pieces that end where a record does; the last one ends with the file."""
    held = b""
    for more in pieces:
        held += more
        end = last_end(held, quote)
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held
