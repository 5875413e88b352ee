"""Finds the records of a CSV file and proves its structure, so that no row is lost in reading.

Readers mend broken files in silence: a row too short gets nulls, a stray quote swallows lines. Here
such a row is named with its line. Structure as in RFC 4180, line ends LF or CRLF.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.errors import DataError

_LF, _CR = b"\n\r"


@dataclass(frozen=True)
class Records:
    """The records of a file, header first.

    All (records,): `starts` and `ends` are places in the file, the line end left out; `lines` are line
    numbers from 1, `fields` counts of fields; `blank` marks empty lines, which a reader may give as rows.
    """

    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    fields: np.ndarray
    blank: np.ndarray


def scan(raw: bytes, separator: str, path: str, quote: str = '"', first_line: int = 1) -> Records:
    """Where the records stand; `first_line` is the line of the file on which `raw` begins.

    Raises:
        DataError: a quote that is never closed, or one inside an unquoted field: nobody can tell where such
            a row ends. The message names the line.
    """
    data = np.frombuffer(raw, np.uint8)
    breaking = (data == ord(separator)) | (data == _LF)
    marks = np.flatnonzero(breaking | (data == ord(quote)) if quote else breaking)
    kinds = data[marks]
    quoted = kinds == ord(quote) if quote else np.zeros(len(kinds), bool)
    inside = (np.cumsum(quoted) & 1).astype(bool)
    breaks = marks[kinds == _LF]
    wrong = wrong_quote(data, marks[quoted], inside[quoted], ord(separator))
    if wrong is not None:
        at, problem, remedy = wrong
        raise DataError(f"{path}:{int(np.searchsorted(breaks, at)) + first_line}", problem, remedy)
    ends = marks[(kinds == _LF) & ~inside]
    if len(data) and (len(ends) == 0 or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    commas = marks[(kinds == ord(separator)) & ~inside]
    return Records(
        starts=starts,
        ends=ends,
        lines=np.searchsorted(breaks, starts) + first_line,
        fields=1 + np.searchsorted(commas, ends) - np.searchsorted(commas, starts),
        blank=_blank(data, starts, ends),
    )


def prove_widths(records: Records, path: str) -> None:
    """Raise DataError for the first row with more or fewer fields than the header, the first record."""
    real = np.flatnonzero(~records.blank)
    width = records.fields[real[0]] if len(real) else 0
    ragged = real[records.fields[real] != width]
    if len(ragged):
        found = int(records.fields[ragged[0]])
        more = f" ({len(ragged)} lines are so)" if len(ragged) > 1 else ""
        raise DataError(
            f"{path}:{records.lines[ragged[0]]}",
            f"the row has {found} field{'s' * (found != 1)}, the header has {width}",
            f"mend the line{more}; a field with a comma needs quotes",
        )


def last_end(raw: bytes, quote: bytes) -> int:
    """The place after the last line end that stands in no quotes; 0 where there is none."""
    end = raw.rfind(b"\n")
    if not quote:
        return end + 1
    quotes = int(np.count_nonzero(np.frombuffer(raw, np.uint8)[: max(end, 0)] == ord(quote)))
    while quotes % 2 and end >= 0:
        before = raw.rfind(b"\n", 0, end)
        quotes -= raw.count(quote, max(before, 0), end)
        end = before
    return end + 1


def _blank(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    size = ends - starts
    lone_cr = (size == 1) & (data[np.minimum(starts, len(data) - 1)] == _CR) if len(data) else size < 0
    return (size == 0) | lone_cr


def wrong_quote(
    data: np.ndarray, quotes: np.ndarray, opens: np.ndarray, separator: int
) -> tuple[int, str, str] | None:
    """Place, problem and remedy of the first quote that breaks the structure, None where none does.

    An opening quote begins a field, a closing one ends it; `opens` (quotes,) tells which is which.
    """
    if len(quotes) == 0:
        return None
    before, after = data[np.maximum(quotes - 1, 0)], data[np.minimum(quotes + 1, len(data) - 1)]
    mark = data[quotes[0]]
    begins = np.isin(before, [separator, _LF, mark]) | (quotes == 0)
    ends = np.isin(after, [separator, _LF, _CR, mark]) | (quotes == len(data) - 1)
    stray = quotes[np.where(opens, ~begins, ~ends)]
    if len(stray):
        remedy = f"put the whole field in quotes and write each quote inside it twice ({chr(mark) * 2})"
        return int(stray[0]), "a quote stands in the middle of a field", remedy
    if opens[-1]:
        return int(quotes[-1]), "a quote opens here and is never closed", "close the quote"
    return None
