"""Folders that are either whole or absent, named by what they were made from.

A stage's key is the hash of its code, its part of the spec and the hashes of its inputs. A
finished stage is published by one rename; a killed one leaves only its working folder, in which
checkpoints lie and the same stage goes on. A finished one is found again only while it still is what was
made: its content hash is computed anew each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.core.errors import BundleError

CHECKSUMS = "checksums.json"
STAMP = "stage.json"
CHECKPOINT = "checkpoint"


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_hash(folder: Path, leave_out: Iterable[str] = ()) -> str:
    """SHA-256 over the relative names and contents of a folder's files.

    Files named in `leave_out` (measurements, logs) do not count.
    """
    skipped = frozenset(leave_out)
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in skipped:
            total.update(f"{path.relative_to(folder).as_posix()}\0{file_hash(path)}\n".encode())
    return total.hexdigest()


def value_hash(value: Any) -> str:
    """SHA-256 of a JSON value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def write_checksums(folder: Path) -> None:
    """Write `checksums.json`: file name to SHA-256, for every file below `folder`."""
    table = {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CHECKSUMS
    }
    write_json(folder / CHECKSUMS, table)


def verify_checksums(folder: Path) -> None:
    """Raise `BundleError` at the first file that is missing, not what was written, or not listed.

    Neither the store's stamp nor hidden files count: nothing serves the one, and systems that mount or
    browse a folder leave the others.
    """
    listing = folder / CHECKSUMS
    if not listing.is_file():
        raise BundleError(
            str(listing),
            "the bundle has no checksums",
            "give the folder that `trimtab run` printed as bundle",
        )
    try:
        table = json.loads(listing.read_text(encoding="utf-8"))
    except ValueError as error:  # not JSON, or not even text
        place = f"{listing}:{getattr(error, 'lineno', 1)}"
        raise BundleError(place, "not JSON", "copy the bundle again") from error
    if not isinstance(table, dict) or not table:
        raise BundleError(str(listing), "lists no checksums", "copy the bundle again")
    for name, expected in table.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(str(path), "the file is missing from the bundle", "copy the bundle again")
        found = file_hash(path)
        if found != expected:
            raise BundleError(
                str(path),
                f"checksum is {found[:12]}, the bundle was written with {str(expected)[:12]}",
                "copy the bundle again, or run `trimtab run` to make a new one",
            )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not hidden and name.as_posix() not in (CHECKSUMS, STAMP, *table):
            raise BundleError(
                str(path), f"is not listed in {CHECKSUMS}", "remove it, or copy the bundle again"
            )


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it.

    It is on the disk before its name is: after a power cut, too, the name leads to one of the two.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


@dataclass(frozen=True)
class Stage:
    """A finished stage: its folder, the hash of what it made, and whether it was made just now."""

    folder: Path
    hash: str
    seconds: float
    fresh: bool


class Store:
    """Finished stages under `root`, by name and key; `damaged` is told of each that is no longer whole."""

    def __init__(self, root: Path, damaged: Callable[[Path], object] = lambda _: None) -> None:
        self.root = root
        self._damaged = damaged

    def stage(
        self,
        name: str,
        inputs: Mapping[str, Any],
        make: Callable[[Path], float],
    ) -> Stage:
        """The folder of stage `name` for these inputs: found, or made by `make(folder)`.

        `make` gets an empty working folder and returns the seconds it worked, earlier tries included.
        What it keeps in `checkpoint/` survives a kill, and is removed at the end. A stage whose files
        were changed since is moved aside to KEY.damaged, and made again.
        """
        key = value_hash({"stage": name, **inputs})[:16]
        done = self.root / name / key
        if found := _found(done):
            return found
        if done.exists():
            self._damaged(_moved_aside(done))
        work = self.root / name / f"{key}.part"
        _clear(work)
        spent = make(work)
        shutil.rmtree(work / CHECKPOINT, ignore_errors=True)
        made = folder_hash(work, (STAMP,))
        write_json(work / STAMP, {"hash": made, "seconds": spent, "inputs": inputs})
        sync_folder(work)
        work.replace(done)
        return Stage(done, made, spent, fresh=True)


def _found(done: Path) -> Stage | None:
    """The finished stage in `done`; None where there is none, or it is not what was made."""
    try:
        stamp = json.loads((done / STAMP).read_text(encoding="utf-8"))
        stage = Stage(done, str(stamp["hash"]), float(stamp["seconds"]), fresh=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stage if folder_hash(done, (STAMP,)) == stage.hash else None


def _moved_aside(done: Path) -> Path:
    """Where a damaged stage lies from now on; only the newest of a key is kept."""
    aside = done.with_name(f"{done.name}.damaged")
    if aside.exists():
        shutil.rmtree(aside)
    return done.rename(aside)


def _clear(work: Path) -> None:
    """Remove what a killed try left, but for its checkpoints."""
    work.mkdir(parents=True, exist_ok=True)
    for path in work.iterdir():
        if path.is_dir() and path.name != CHECKPOINT:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Force a folder's files to disk, so that the rename that publishes it never precedes them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
