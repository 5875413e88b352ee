"""Finds the records of a CSV file and proves its structure, so that no row is lost in reading.

Readers mend broken files in silence: a row too short gets nulls, a stray quote swallows lines. Here
such a file is an error that names the line. Structure as in RFC 4180, line ends LF or CRLF.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.errors import DataError

_QUOTE, _LF, _CR = b'"\n\r'


@dataclass(frozen=True)
class Records:
    """The records of a file, header first.

    `lines` (records,) are line numbers from 1, `fields` (records,) counts of fields, `blank`
    (records,) marks empty lines: a reader may give them as rows, but they are none.
    """

    lines: np.ndarray
    fields: np.ndarray
    blank: np.ndarray


def scan(raw: bytes, separator: str, path: str) -> Records:
    """Where the records stand.

    Raises:
        DataError: a quote that is never closed, a quote inside an unquoted field, or a row with
            more or fewer fields than the header; the message names the line.
    """
    data = np.frombuffer(raw, np.uint8)
    marks = np.flatnonzero((data == _QUOTE) | (data == ord(separator)) | (data == _LF))
    kinds = data[marks]
    inside = (np.cumsum(kinds == _QUOTE) & 1).astype(bool)
    breaks = marks[kinds == _LF]
    _check_quotes(data, marks[kinds == _QUOTE], inside[kinds == _QUOTE], ord(separator), breaks, path)
    ends = marks[(kinds == _LF) & ~inside]
    if len(data) and (len(ends) == 0 or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    commas = marks[(kinds == ord(separator)) & ~inside]
    records = Records(
        lines=_line(starts, breaks),
        fields=1 + np.searchsorted(commas, ends) - np.searchsorted(commas, starts),
        blank=_blank(data, starts, ends),
    )
    _check_widths(records, path)
    return records


def _line(positions: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    return np.searchsorted(breaks, positions) + 1


def _blank(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    size = ends - starts
    lone_cr = (size == 1) & (data[np.minimum(starts, len(data) - 1)] == _CR) if len(data) else size < 0
    return (size == 0) | lone_cr


def _check_quotes(
    data: np.ndarray, quotes: np.ndarray, opens: np.ndarray, separator: int, breaks: np.ndarray, path: str
) -> None:
    """An opening quote begins a field, a closing one ends it; `opens` (quotes,) tells which is which."""
    padded = np.concatenate(([_LF], data, [_LF]))
    before, after = padded[quotes], padded[quotes + 2]
    begins = np.isin(before, [separator, _LF, _QUOTE]) | (quotes == _after_mark(data))
    ends = np.isin(after, [separator, _LF, _CR, _QUOTE])
    stray = quotes[np.where(opens, ~begins, ~ends)]
    if len(stray):
        raise DataError(
            f"{path}:{_line(stray[:1], breaks)[0]}",
            "a quote stands in the middle of a field",
            'put the whole field in quotes and write each quote inside it twice ("")',
        )
    if len(opens) and opens[-1]:
        raise DataError(
            f"{path}:{_line(quotes[-1:], breaks)[0]}",
            "a quote opens here and is never closed",
            "close the quote",
        )


def _after_mark(data: np.ndarray) -> int:
    """Where the text begins: after the UTF-8 byte order mark, if there is one."""
    return 3 if data[:3].tobytes() == b"\xef\xbb\xbf" else 0


def _check_widths(records: Records, path: str) -> None:
    real = np.flatnonzero(~records.blank)
    if len(real) == 0:
        return
    width = records.fields[real[0]]
    ragged = real[records.fields[real] != width]
    if len(ragged):
        found = int(records.fields[ragged[0]])
        raise DataError(
            f"{path}:{records.lines[ragged[0]]}",
            f"the row has {found} field{'s' * (found != 1)}, the header has {width}",
            f"mend the line{_more(len(ragged))}; a field with a comma needs quotes",
        )


def _more(rows: int) -> str:
    return f" ({rows} lines are so)" if rows > 1 else ""
