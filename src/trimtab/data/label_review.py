"""The CSV in which a person decides on suspicious labels: written, edited, read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from trimtab.core.errors import DataError, EnvironmentFault, suggestion
from trimtab.data.terms import normal

HEADER = ("id", "decision", "given", "suggested", "score", "content")
KEEP, DROP = "keep", "drop"
SHOWN = 1_000
"""Characters of a row that are written; csv reads no more than 131,072 in one field."""


@dataclass(frozen=True)
class Reviewed:
    """One line: a row, what is suspected of it, and the decision: empty, keep, drop or another label."""

    id: int
    decision: str
    given: str
    suggested: str
    score: float
    content: str


def excerpt(content: str) -> str:
    """The content; of a long one the beginning, and a hash of the whole."""
    return content if len(content) <= SHOWN else f"{content[:SHOWN]} ... {_hash(content.encode())}"


def picture_name(data: bytes | None, file: str | None) -> str:
    """The file of a picture, where it is known, and a hash of its bytes; of a missing one nothing."""
    return "" if data is None else f"{file or ''} {_hash(data)}".strip()


def _hash(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()[:16]}"


def write_review(path: Path, rows: Iterable[Reviewed]) -> None:
    """Write the lines, the least plausible label first; whole or not at all.

    UTF-8 with a byte order mark, without which spreadsheets garble Chinese.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = fresh.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise EnvironmentFault(
            str(path), f"cannot be written ({error.strerror})", "name another file"
        ) from error
    with stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for row in sorted(rows, key=lambda row: (row.score, row.id)):
            writer.writerow((row.id, row.decision, row.given, row.suggested, f"{row.score:.4f}", row.content))
    fresh.replace(path)


def read_review(path: Path) -> tuple[Reviewed, ...]:
    """The lines of the file; none where there is no file.

    Raises:
        DataError: it is no such CSV or not in UTF-8, names a row twice, or holds a row number or score that
            is none.
    """
    if not path.is_file():
        return ()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(str(path), f"not UTF-8 (byte {error.start})", "save it as CSV UTF-8") from error
    separator = ";" if text.partition("\n")[0].count(";") >= len(HEADER) - 1 else ","
    rows: dict[int, Reviewed] = {}
    for number, line in _lines(csv.DictReader(StringIO(text, newline=""), delimiter=separator), path):
        place = f"{path}:{number}"
        row = _parsed(line, place)
        if row.id in rows:
            raise DataError(place, f"row {row.id} stands here a second time", "remove one of the two lines")
        rows[row.id] = row
    return tuple(rows.values())


def _lines(reader: csv.DictReader[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number and the cells of each line."""
    try:
        if missing := [name for name in HEADER if name not in (reader.fieldnames or ())]:
            raise DataError(
                str(path), f"no column '{missing[0]}'", "delete the file to have it written again"
            )
        for line in reader:
            yield reader.line_num, line
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num + 1}", f"no CSV ({error})", "restore the line") from error


def still_valid(
    rows: Iterable[Reviewed], given: Mapping[int, str], content: Mapping[int, str], path: Path
) -> tuple[Reviewed, ...]:
    """The lines that are about the rows of today; of others those without a decision are left out.

    `given` and `content` are the labels and the shown contents of the train rows, by id. A row that is not
    there any more keeps its line.

    Raises:
        DataError: a row has changed since it was decided on, or a decision is no decision.
    """
    known = sorted(set(given.values()))
    kept = []
    for row in rows:
        same = row.id not in given or (
            given[row.id] == row.given and normal(content[row.id]) == normal(row.content)
        )
        if row.decision and not same:
            raise DataError(
                str(path),
                f"row {row.id} is not the row that was decided on: the data have changed",
                "move the file away, and copy the decisions into the new one",
            )
        if row.decision and row.decision not in (KEEP, DROP, *known):
            raise DataError(
                str(path),
                f"decision '{row.decision}' on row {row.id} is neither keep, drop nor a label",
                suggestion(row.decision, (KEEP, DROP, *known)),
            )
        if same:
            kept.append(row)
    return tuple(kept)


def _parsed(line: Mapping[str, Any], place: str) -> Reviewed:
    cells = {name: line[name] or "" for name in HEADER}
    try:
        number, score = int(cells["id"]), float(cells["score"].replace(",", "."))
    except ValueError as error:
        raise DataError(place, f"no row number or no score ({error})", "restore the line") from error
    decision = cells["decision"].strip()
    return Reviewed(number, decision, cells["given"], cells["suggested"], score, cells["content"])
