"""Where rows come from: a local file, the files that a glob names, a folder, an address such as s3://."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import polars as pl

from trimtab.core.errors import DataError, EnvironmentFault, suggestion
from trimtab.data.table import brief

Held = TypeVar("Held")
REMOTE = ("s3://", "gs://", "az://", "abfs://", "abfss://", "http://", "https://", "hf://")
FOLDERS = ("images", "dataset")
"""The readers of folders; all others are named by the suffix that they read."""


@dataclass(frozen=True)
class Source:
    """One file or folder that a reader opens: `name` as errors show it, `kind` names its reader."""

    name: str
    kind: str

    @property
    def remote(self) -> bool:
        """True for an address that Polars opens."""
        return self.name.startswith(REMOTE)

    @property
    def path(self) -> Path:
        """The local path."""
        return Path(self.name)

    def read(self) -> bytes:
        """All bytes; of a `.gz` file unpacked. Lines of a remote file come through Polars."""
        if self.remote:
            return _fetch_lines(self.name)
        with self.open() as stream:
            return guarded(stream.read, self.name)

    def open(self) -> BinaryIO:
        """A stream of the bytes of a local file; of a `.gz` file unpacked."""
        if self.name.lower().endswith(".gz"):
            return gzip.open(self.name, "rb")  # type: ignore[return-value]
        return self.path.open("rb")


def rooted(folder: Path, name: str) -> str:
    """What a spec names, as a path from here; an address stays as it is."""
    return name if name.startswith(REMOTE) else str(folder / name)


def locate(where: str | Path, place: str, kinds: Iterable[str]) -> list[Source]:
    """The sources that a path, a glob or an address names, in the order of their names.

    `kinds` are the names of the readers that exist, `place` says where the path was named.

    Raises:
        DataError: nothing is there, or it is of no known kind.
    """
    known, name = list(kinds), os.fspath(where)
    if name.startswith(REMOTE):
        return [Source(name, _kind(name, known, place))]
    path = Path(name)
    if path.is_dir():
        return [Source(name, _folder_kind(path))]
    if not path.exists() and any(sign in name for sign in "*?["):
        base = Path(path.anchor) if path.anchor else Path()
        found = sorted(base.glob(str(path.relative_to(path.anchor) if path.anchor else path)))
        if not found:
            raise DataError(place, f"no file matches {name}", "check the folder and the pattern")
        return [source for one in found for source in locate(one, place, known)]
    kind = _kind(name, known, place)
    if not path.is_file():
        near = [entry.name for entry in path.parent.glob("*") if entry.is_file()]
        raise DataError(place, f"no such file: {path}", suggestion(path.name, near))
    if path.stat().st_size == 0:
        raise DataError(name, "the file is empty", "give a file with a header and rows")
    return [Source(name, kind)]


def _kind(name: str, known: list[str], place: str) -> str:
    suffixes = Path(name.partition("?")[0] if name.startswith("http") else name).suffixes
    if suffixes and suffixes[-1].lower() == ".gz":
        suffixes = suffixes[:-1]
    kind = suffixes[-1].lower().removeprefix(".") if suffixes else ""
    if kind not in known or kind in FOLDERS:
        allowed = ", ".join(f".{one}" for one in known if one not in FOLDERS)
        raise DataError(
            place, f"'{Path(name).name}' is no known kind of file", f"give one of {allowed}, or a folder"
        )
    return kind


def _folder_kind(path: Path) -> str:
    """A folder with tables in it is a Hugging Face dataset, any other one of images."""
    described = any(
        (path / name).is_file() for name in ("dataset_info.json", "dataset_dict.json", "state.json")
    )
    tables = any(
        next(path.glob(f"{sub}*{suffix}"), None) for sub in ("", "data/") for suffix in (".arrow", ".parquet")
    )
    return "dataset" if described or tables else "images"


def _fetch_lines(address: str) -> bytes:
    def fetch() -> bytes:
        lines = pl.scan_lines(address).collect().to_series()
        return ("\n".join(lines) + "\n").encode() if len(lines) else b""

    return guarded(fetch, address)


def fetched(fetch: Callable[[], pl.DataFrame], address: str) -> pl.DataFrame:
    """What a call of Polars brought from a remote address."""
    return guarded(fetch, address)


UNREADABLE = (OSError, EOFError, zlib.error, pl.exceptions.PolarsError)
"""What a file that is damaged or away raises."""


def guarded(call: Callable[[], Held], name: str) -> Held:
    """What a call brought from a file or an address; its failure as an error of ours."""
    try:
        return call()
    except UNREADABLE as error:
        if name.startswith(REMOTE):
            remedy = (
                "check the address, the network, and the credentials in the environment (AWS_... for s3://)"
            )
            raise EnvironmentFault(name, f"cannot be fetched ({brief(error)})", remedy) from error
        raise DataError(name, f"cannot be read ({brief(error)})", "check that the file is whole") from error
