"""Reads Parquet and Arrow files by Polars: columns carry their types, a broken file is broken as a whole."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from trimtab.core.errors import DataError
from trimtab.core.spec import FormatSpec
from trimtab.data.sources import Source, fetched
from trimtab.data.table import Table, brief, table

_REMEDY = "check that the file is whole"


def load(source: Source, form: FormatSpec) -> Table:
    """Parquet, local or at an address such as s3:// (by Polars, credentials from the environment)."""
    del form
    if source.remote:
        return table(source.name, fetched(lambda: pl.scan_parquet(source.name).collect(), source.name))
    return table(source.name, columns(lambda: pl.read_parquet(source.name), source.name))


def load_arrow(source: Source, form: FormatSpec) -> Table:
    """Arrow IPC (`.arrow`, `.feather`, `.ipc`): the file format or the stream format."""
    del form
    if source.remote:
        return table(source.name, fetched(lambda: pl.scan_ipc(source.name).collect(), source.name))
    with source.open() as stream:
        whole = stream.read(6) == b"ARROW1"
    read: Callable[..., pl.DataFrame] = pl.read_ipc if whole else pl.read_ipc_stream
    return table(source.name, columns(lambda: read(source.name), source.name))


def columns(read: Callable[[], pl.DataFrame], name: str) -> pl.DataFrame:
    """What `read` gives; its failure as an error of ours."""
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise DataError(name, f"cannot be read ({brief(error)})", _REMEDY) from error
