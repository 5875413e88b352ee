"""Reads files, globs, folders, addresses and frames; each row is kept, or dropped with its reason.

Null and empty string are never confused: in a CSV file an empty field without quotes is null, `""` is an
empty string (in a column of numbers, dates or booleans it is null too, for there is no empty number).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.errors import DataError, suggestion
from trimtab.core.objects import Batch
from trimtab.core.spec import DataSpec, FormatSpec
from trimtab.core.texts import is_blank
from trimtab.data import READERS, read_frames
from trimtab.data.read_types import settle
from trimtab.data.sources import locate
from trimtab.data.table import Table, join, unique


def read(path: Path | str, spec: DataSpec, place: str, texts: Collection[str] = ()) -> Batch:
    """The rows of a text classification file; ids are row numbers from 0, text and label columns are strings.

    Rows without a label or a text, or with a blank one, are dropped, with reason and line; so are unreadable
    ones, up to the share `spec.bad_rows`. `place` says where the file was named (`trimtab.yaml:3`); `texts`
    are more columns of text, whatever this file holds in them.

    Raises:
        DataError: the file is missing, empty, broken or of another kind, or lacks a column.
    """
    found = load(path, spec, place, (spec.text, spec.label, *texts))
    for column in (spec.text, spec.label):
        if column not in found.frame.columns:
            first = found.parts[0] if found.parts else found
            raise DataError(
                f"{first.name}:1", f"no column '{column}'", suggestion(column, found.frame.columns)
            )
    _not_empty(found)
    frame = found.frame.with_columns(
        _as_text(found.frame[column], found.name) for column in (spec.text, spec.label)
    )
    batch = Batch(frame, found.ids, dropped=found.drops())
    unreadable = len(batch.dropped)
    batch = _drop_missing(batch, spec, found)
    if len(batch) == 0:
        raise DataError(
            found.name, "no row has both a text and a label", f"the first: {batch.dropped[unreadable].reason}"
        )
    return batch


def read_rows(
    source: Any, form: FormatSpec | None = None, place: str = "read_rows", modality: str = ""
) -> Batch:
    """The rows of any source: a path, a glob, a folder, an address, or a Polars, pandas or Arrow frame.

    `form` says how files are written; `modality` is told by the reader where it is not given. Unreadable rows
    stand in the batch's `dropped`.

        read_rows("data/*.csv", FormatSpec(separator=";", decimal=",", missing=("?",), bad_rows=0.01))

    Raises:
        DataError: what cannot be read, and where.
    """
    form = form or FormatSpec()
    if read_frames.is_frame(source):
        found = settle(read_frames.load(source), form)
        found.check(form.bad_rows)
    else:
        found = load(source, form, place)
        _not_empty(found)
    return Batch(found.frame, found.ids, modality or found.modality, found.drops())


def place_of(path: Path | str, row: int, spec: FormatSpec) -> str:
    """`file:line` of a row id, for messages; the file is read again."""
    return load(path, spec, str(path)).place(row)


def load(where: Path | str, form: FormatSpec, place: str, texts: Collection[str] = ()) -> Table:
    """The tables behind a path, under one another, typed; `texts` are text columns whatever they hold.

    Raises:
        DataError: nothing is there, it cannot be read, or more than `form.bad_rows` of its rows cannot.
    """
    tables = [
        READERS.load(source.kind, place)(source, form) for source in locate(where, place, list(READERS))
    ]
    for one in tables:
        unique(one.frame.columns, one.name)
        one.check(form.bad_rows)
    found = settle(join(tables), form, texts)
    found.check(form.bad_rows)
    return found


def _not_empty(found: Table) -> None:
    if found.frame.height == 0 and not found.bad:
        raise DataError(found.name, "the file has no rows", "give a file with at least one row")


def _as_text(values: pl.Series, name: str) -> pl.Series:
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        raise DataError(
            name, f"column '{values.name}' holds {values.dtype}, not text", "give a column with plain values"
        )
    return values.cast(pl.String)


def _drop_missing(batch: Batch, spec: DataSpec, found: Table) -> Batch:
    """Rows that teach nothing: no text or a blank one, no label or an empty string for one."""
    for column, fault, is_bad in (
        (spec.text, "missing", lambda value: value is None),
        (spec.text, "blank", is_blank),
        (spec.label, "missing", lambda value: value is None),
        (spec.label, "an empty string", lambda value: value == ""),
    ):
        bad = np.array([is_bad(value) for value in batch[column]], dtype=bool)
        where = [f"{column} is {fault} at {found.near(int(row))}" for row in batch.ids[bad]]
        batch = batch.keep(~bad, "read", where)
    return batch
