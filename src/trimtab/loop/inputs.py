"""A cheap look at the data files: are they there, do their headers hold the columns, how many rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import partial

from trimtab.core.columns import TEXTS, Columns, Kinds
from trimtab.core.errors import ConfigError, DataError, suggestion
from trimtab.core.spec import FormatSpec
from trimtab.core.spec_errors import place_of
from trimtab.core.spec_file import ReadSpec
from trimtab.core.store import file_hash, folder_hash
from trimtab.data import READERS
from trimtab.data.read_csv import SEPARATORS
from trimtab.data.sources import FOLDERS, Source, guarded, locate, rooted
from trimtab.loop.known_columns import columns, complete


def data_mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Missing files, missing columns, and a test file that is the train file."""
    data = read.spec.data
    twice = [name for name, times in Counter(data.header).items() if times > 1]
    if twice:
        place = place_of(("data", "header"), read.origins) or str(read.file)
        yield ConfigError(place, f"data.header names '{twice[0]}' twice", "rename one of them")
        return
    undeclared: dict[str, ConfigError] = {}
    for part in ("train", "test"):
        try:
            sources = _sources(read, part)
        except DataError as error:
            yield ConfigError(error.place, error.problem, error.remedy)
            continue
        for source in sources:
            try:
                found = columns(source, data)
            except DataError as error:
                yield ConfigError(error.place, error.problem, error.remedy)
                continue
            if found is not None:  # broken files are the reader's to explain, with row and column
                yield from _column_mistakes(read, found, source)
                undeclared = _type_mistakes(read, found, source) | undeclared
    yield from undeclared.values()
    if data.test and rooted(read.folder.resolve(), data.test) == rooted(read.folder.resolve(), data.train):
        place = place_of(("data", "test"), read.origins) or str(read.file)
        yield ConfigError(place, "data.test is the train file", "name other rows, or leave data.test out")
    if data.text == data.label:
        place = place_of(("data", "label"), read.origins) or str(read.file)
        yield ConfigError(place, f"data.text and data.label are both '{data.text}'", "name two columns")


def train_columns(read: ReadSpec) -> Columns | None:
    """The columns of the train rows; None where nobody knows them. Those of text and label count as there."""
    try:
        sources = _sources(read, "train")
        found = [columns(source, read.spec.data) if complete(source) else None for source in sources]
    except DataError:
        return None
    known: dict[str, Kinds] = dict.fromkeys((read.spec.data.text, read.spec.data.label), frozenset({TEXTS}))
    for one in found:
        if one is None:
            return None
        known |= {name: known.get(name, frozenset()) | kinds for name, kinds in one.items()}
    return known


def _sources(read: ReadSpec, part: str) -> list[Source]:
    """The files of `train` or `test`; none where the spec names none."""
    name = getattr(read.spec.data, part)
    place = place_of(("data", part), read.origins) or str(read.file)
    return locate(rooted(read.folder, name), place, list(READERS)) if name else []


def count_rows(where: str) -> int:
    """Rows, counted by lines (by the footer for Parquet): exact enough for an estimate; of an address 0."""
    found = locate(where, where, list(READERS))
    return sum(guarded(partial(_count, source), source.name) for source in found)


def fingerprint(where: str, form: FormatSpec) -> list[str]:
    """A hash for each file or folder that a path names; of an address, of the rows that it gives."""
    found = []
    for source in locate(where, where, list(READERS)):
        if source.remote:
            rows = READERS.load(source.kind)(source, form).frame.write_ipc(None)
            found.append(hashlib.sha256(rows.getbuffer()).hexdigest())
        else:
            found.append(folder_hash(source.path) if source.kind in FOLDERS else file_hash(source.path))
    return found


def _count(source: Source) -> int:
    if source.remote:
        return 0
    if source.kind in FOLDERS:
        return sum(path.is_file() for path in source.path.rglob("*"))
    if source.kind == "parquet":
        import polars as pl

        return int(pl.scan_parquet(source.path).select(pl.len()).collect().item())
    with source.open() as stream:
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return max(0, lines - (source.kind in SEPARATORS))


def _column_mistakes(read: ReadSpec, found: Columns, source: Source) -> Iterator[ConfigError]:
    """Columns with text and label that the file has not."""
    for role in ("text", "label"):
        wanted = getattr(read.spec.data, role)
        if wanted not in found:
            place = place_of(("data", role), read.origins) or str(read.file)
            yield ConfigError(place, f"{source.name} has no column '{wanted}'", _remedy(wanted, found))


def _remedy(wanted: str, found: Columns) -> str:
    """Another name; or the separator, where the only column is a header that nobody took apart."""
    only = next(iter(found)) if len(found) == 1 else ""
    separator = next((one for one in (";", "\t", "|", ",") if one in only), None)
    return f"set data.separator: {separator!r}" if separator else suggestion(wanted, found)


def _type_mistakes(read: ReadSpec, found: Columns, source: Source) -> dict[str, ConfigError]:
    """Columns of declared types that the file has not, by name."""
    return {
        wanted: ConfigError(
            place_of(("data", "types", wanted), read.origins) or str(read.file),
            f"{source.name} has no column '{wanted}', for which data.types declares a type",
            suggestion(wanted, found),
        )
        for wanted in read.spec.data.types
        if wanted not in found and complete(source)
    }
