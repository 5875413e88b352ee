"""Reads CSV and TSV: structure proven record by record, cells by Polars; an odd record is set aside."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Sequence

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.spec import FormatSpec
from trimtab.data.csv_scan import Records, scan
from trimtab.data.sources import Source
from trimtab.data.table import Bad, Table, brief, unique

SEPARATORS = {"csv": ",", "tsv": "\t"}
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*|[+-]?(?i:nan|inf)")
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"\x84\x31\x95\x33": "gb18030",
}
"""Byte order marks and what they say; the longer ones first where one begins another."""


def load(source: Source, form: FormatSpec) -> Table:
    """CSV or TSV (RFC 4180; `data.separator`, `quote`, `decimal`, `encoding`, `header`), also packed as .gz.

    An unquoted empty field is null, a quoted one an empty string. Empty lines are no rows, but in a file of
    one column they are nulls.
    """
    raw = decode(source.read(), form, source.name)
    return parse(raw, form, source)


def parse(
    raw: bytes, form: FormatSpec, source: Source, names: Sequence[str] = (), first_line: int = 1
) -> Table:
    """The rows of UTF-8 text that begins on `first_line`; `names` where the header stands elsewhere."""
    separator = form.separator or SEPARATORS[source.kind]
    records = scan(raw, separator, source.name, form.quote, first_line)
    names, start = (tuple(names), 0) if names else _header(raw, records, separator, form, source.name)
    one = len(names) == 1
    real = np.arange(start, len(records.lines))
    if not one:
        real = real[~records.blank[real]]
    bad = _ragged(raw, records, real, len(names), separator, source.name)
    bad |= _undecodable(raw, records, real)
    ids = np.setdiff1d(np.arange(len(real)), list(bad))
    frame = _cells(raw, records, real[ids], names, separator, form, source.name)
    found = tuple(bad[row] for row in sorted(bad))
    return Table(source.name, frame, ids, len(real), records.lines[real], found, written=True)


def decode(raw: bytes, form: FormatSpec, name: str) -> bytes:
    """The text as UTF-8 without a byte order mark.

    Raises:
        DataError: it is not text of the encoding, and no bad row is allowed.
    """
    encoding = encoding_of(raw, form)
    try:
        text = raw.decode(encoding, odd_bytes(encoding, form))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise no_text(encoding, f"{name}:{line}") from error
    if encoding == "utf-8":
        return raw.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff").encode("utf-8", "surrogateescape")


def encoding_of(raw: bytes, form: FormatSpec) -> str:
    """The encoding of a text: what its byte order mark says, else what `form` does.

    Where neither names the byte order, it is that of this machine.
    """
    marked = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    if marked is None and form.encoding in ("utf-16", "utf-32"):
        return f"{form.encoding}-{sys.byteorder[0]}e"
    return marked or form.encoding


def odd_bytes(encoding: str, form: FormatSpec) -> str:
    """What decoding does about bytes that are no text: they stay, for `_undecodable` to find, or are refused.

    In UTF-16 and UTF-32 nobody can tell where the next row begins.
    """
    aside = form.bad_rows and not encoding.startswith(("utf-16", "utf-32"))
    return "surrogateescape" if aside else "strict"


def no_text(encoding: str, place: str) -> DataError:
    """The error of a file that is not text of its encoding."""
    shown = encoding.upper() if encoding.startswith(("utf", "gb")) else encoding
    remedy = "save the file as UTF-8, or name its encoding in data.encoding"
    return DataError(place, f"not {shown} text", remedy)


def _header(
    raw: bytes, records: Records, separator: str, form: FormatSpec, name: str
) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and the number of the first record below them."""
    if form.header:
        unique(form.header, name)
        return form.header, 0
    real = np.flatnonzero(~records.blank)
    if len(real) == 0:
        raise DataError(name, "the file is empty", "give a file with a header and rows")
    at = int(real[0])
    place = f"{name}:{records.lines[at]}"
    fields = [f"c{number}" for number in range(records.fields[at])]
    head = _cells(raw, records, real[:1], fields, separator, form, place)
    names = tuple(cell or "" for cell in head.row(0))
    check_header(names, place, alone=len(real) == 1)
    return names, at + 1


def check_header(names: Sequence[str], place: str, alone: bool) -> None:
    """Refuse a first row that no header is: else rows of the data would be lost in silence.

    Numbers that count from 0 to 2 or further pass: pandas names columns so. `alone`: nothing stands below.

    Raises:
        DataError: all names are numbers, two are equal, or the whole file stands in the header.
    """
    if alone and any("\r" in name for name in names):
        raise DataError(
            place, "the lines end in CR, as on old Macs", "save the file with LF or CRLF line ends"
        )
    counted = len(names) > 2 and list(names) == [str(at) for at in range(len(names))]
    figures = any(map(str.isdecimal, "".join(names)))
    if figures and all(map(_NUMBER.fullmatch, names)) and not counted:
        remedy = (
            "write names above it, or give them in data.header; for a series of the UCR archive take its .ts"
        )
        raise DataError(place, "the header holds numbers only, so it looks like a row", remedy)
    unique(names, place)


def _ragged(
    raw: bytes, records: Records, real: np.ndarray, width: int, separator: str, name: str
) -> dict[int, Bad]:
    del name
    bad = {}
    for row in np.flatnonzero(records.fields[real] != width).tolist():
        found = int(records.fields[real[row]])
        bad[row] = Bad(
            row,
            f"the row has {found} field{'s' * (found != 1)}, the header has {width}",
            f"mend the line; a field with a {_said(separator)} needs quotes",
            _raw(raw, records, real[row]),
        )
    return bad


def _undecodable(raw: bytes, records: Records, real: np.ndarray) -> dict[int, Bad]:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return {}
    bad = {}
    for row, at in enumerate(real.tolist()):
        try:
            raw[records.starts[at] : records.ends[at]].decode("utf-8")
        except UnicodeDecodeError:
            problem, remedy = "the row is not text of the encoding", "mend the line, or name data.encoding"
            bad[row] = Bad(row, problem, remedy, _raw(raw, records, at))
    return bad


def _raw(raw: bytes, records: Records, at: int) -> str:
    return raw[records.starts[at] : records.ends[at]].decode("utf-8", "replace")


def _said(separator: str) -> str:
    return {",": "comma", "\t": "tab", ";": "semicolon"}.get(separator, f"'{separator}'")


def _cells(
    raw: bytes,
    records: Records,
    wanted: np.ndarray,
    names: Sequence[str],
    separator: str,
    form: FormatSpec,
    place: str,
) -> pl.DataFrame:
    """The cells of the records as text, null where a field is empty without quotes.

    A line to skip stands before them: else Polars takes U+FEFF in the first cell for a byte order mark.
    """
    kinds = dict.fromkeys(names, pl.String)
    if len(wanted) == 0:
        return pl.DataFrame(schema=kinds)
    try:
        frame = pl.read_csv(
            _chosen(raw, records, wanted),
            has_header=False,
            skip_rows=1,
            schema=kinds,
            separator=separator,
            quote_char=form.quote or None,
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(place, f"cannot be read ({brief(error)})", "check that the file is whole") from error
    if frame.height != len(wanted):
        problem = f"{frame.height} rows were read where {len(wanted)} lie in the file"
        raise DataError(place, problem, "save it as UTF-8 CSV")
    return frame


def _chosen(raw: bytes, records: Records, wanted: np.ndarray) -> bytes:
    """A line to skip, then the bytes of the records, copied in runs: most often there is one."""
    edges = np.flatnonzero(np.diff(wanted) != 1)
    first, last = wanted[np.append(0, edges + 1)], wanted[np.append(edges, len(wanted) - 1)]
    runs = zip(records.starts[first], records.ends[last], strict=True)
    return b"\n".join([b".", *(raw[start:end] for start, end in runs), b""])
