"""The registry of bundles: versions, aliases and an audit trail, in one SQLite file.

Aliases are `champion`, `challenger` and `previous`. The decision log is append-only: each entry
carries the hash of the one before, so an entry that was changed, or is missing from the middle, shows;
where entries at the end are missing, the aliases are not what the log made them, which shows too.
Promotion and its log entry are one transaction.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimtab.core.errors import ConfigError, EnvironmentFault, suggestion

ALIASES = ("champion", "challenger", "previous")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
    version TEXT PRIMARY KEY, folder TEXT NOT NULL, created TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS aliases (
    alias TEXT PRIMARY KEY, version TEXT NOT NULL REFERENCES versions(version));
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, version TEXT,
    body TEXT NOT NULL, before TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS log_is_append_only_u BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_append_only_d BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END;
"""
_START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the audit trail."""

    number: int
    at: str
    action: str
    version: str | None
    body: Mapping[str, Any]
    before: str
    hash: str


class Releases:
    """The registry in `file`; made on first use."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise _unusable(file, error) from error
        except sqlite3.DatabaseError as error:
            raise EnvironmentFault(
                str(file),
                f"not a registry ({error})",
                "restore it from a backup, or move it away to start anew",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def register(self, version: str, folder: Path, facts: Mapping[str, Any]) -> None:
        """Add a version; the same version again changes nothing."""
        with self._transaction():
            stored = self._stored(folder)
            row = (version, stored, _now(), json.dumps(facts, default=str))
            added = self._db.execute("INSERT OR IGNORE INTO versions VALUES (?, ?, ?, ?)", row).rowcount
            if added:
                self._append("register", version, {"folder": stored})

    def promote(self, version: str, reasons: Mapping[str, Any]) -> None:
        """Make a version the champion; the champion until now becomes `previous`."""
        with self._transaction():
            self._known(version)
            old = self._alias("champion")
            if old == version:
                return
            if old is not None:
                self._point("previous", old)
            self._point("champion", version)
            self._db.execute("DELETE FROM aliases WHERE alias = 'challenger' AND version = ?", (version,))
            self._append("promote", version, {"replaces": old, **reasons})

    def challenge(self, version: str, reasons: Mapping[str, Any]) -> None:
        """Make a version the challenger."""
        with self._transaction():
            self._known(version)
            self._point("challenger", version)
            self._append("challenge", version, reasons)

    def rollback(self, reasons: Mapping[str, Any]) -> str:
        """Swap champion and previous; returns the version that is champion now."""
        with self._transaction():
            champion, previous = self._alias("champion"), self._alias("previous")
            if previous is None:
                raise ConfigError(
                    str(self.file),
                    "there is no previous champion",
                    "promote a version with `trimtab promote`",
                )
            self._point("champion", previous)
            if champion is not None:
                self._point("previous", champion)
            self._append("rollback", previous, {"replaces": champion, **reasons})
            return previous

    def note(self, action: str, version: str | None, body: Mapping[str, Any]) -> None:
        """Append a decision that changes no alias."""
        with self._transaction():
            self._append(action, version, body)

    def alias(self, alias: str) -> tuple[str, Path] | None:
        """Version and folder behind an alias, or None."""
        version = self._alias(alias)
        return None if version is None else (version, self.folder(version))

    def folder(self, version: str) -> Path:
        """The bundle's folder of a version.

        Raises:
            ConfigError: no such version; the message lists what exists.
        """
        with self._transaction():
            return self.file.parent / self._known(version)

    def versions(self) -> list[dict[str, Any]]:
        """All versions, oldest first, with facts and aliases."""
        names: dict[str, list[str]] = {}
        for alias, version in self._db.execute("SELECT alias, version FROM aliases ORDER BY alias"):
            names.setdefault(version, []).append(alias)
        rows = self._db.execute(
            "SELECT version, folder, created, facts FROM versions ORDER BY created, rowid"
        )
        return [
            {
                "version": v,
                "folder": str(self.file.parent / f),
                "created": c,
                "aliases": names.get(v, []),
                **json.loads(facts),
            }
            for v, f, c, facts in rows
        ]

    def history(self) -> list[Entry]:
        """The audit trail, oldest first, its chain of hashes verified.

        Raises:
            EnvironmentFault: an entry was changed or removed, or an alias moved without one.
        """
        entries = []
        before = _START
        rows = self._db.execute(
            "SELECT number, at, action, version, body, before, hash FROM log ORDER BY number"
        )
        for number, at, action, version, body, said_before, said in rows:
            if said_before != before or said != _digest(before, number, at, action, version, body):
                raise EnvironmentFault(
                    f"{self.file}: log entry {number}",
                    "does not follow from the entry before it: the log was changed",
                    "restore the file from a backup",
                )
            entries.append(Entry(number, at, action, version, json.loads(body), said_before, said))
            before = said
        made, stand = _aliases(entries), dict(self._db.execute("SELECT alias, version FROM aliases"))
        if made != stand:
            raise EnvironmentFault(
                f"{self.file}: aliases",
                f"are {stand}, but the log says {made}: one of them was changed",
                "restore the file from a backup",
            )
        return entries

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise _unusable(self.file, error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _stored(self, folder: Path) -> str:
        """A folder beside the registry by its relative path, so that both can be moved together."""
        whole, home = folder.resolve(), self.file.parent.resolve()
        return str(whole.relative_to(home) if whole.is_relative_to(home) else whole)

    def _known(self, version: str) -> str:
        row = self._db.execute("SELECT folder FROM versions WHERE version = ?", (version,)).fetchone()
        if row is None:
            all_of_them = [name for (name,) in self._db.execute("SELECT version FROM versions")]
            raise ConfigError(f"version '{version}'", f"not in {self.file}", suggestion(version, all_of_them))
        return str(row[0])

    def _alias(self, alias: str) -> str | None:
        row = self._db.execute("SELECT version FROM aliases WHERE alias = ?", (alias,)).fetchone()
        return None if row is None else str(row[0])

    def _point(self, alias: str, version: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?)", (alias, version))

    def _append(self, action: str, version: str | None, body: Mapping[str, Any]) -> None:
        last = self._db.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, before = (last[0] + 1, last[1]) if last else (1, _START)
        at, text = _now(), json.dumps(body, sort_keys=True, default=str)
        digest = _digest(before, number, at, action, version, text)
        self._db.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, at, action, version, text, before, digest),
        )


def _aliases(entries: Iterable[Entry]) -> dict[str, str]:
    """What each alias names after these decisions."""
    aliases: dict[str, str] = {}
    for entry in entries:
        if entry.version is None or entry.action not in ("promote", "challenge", "rollback"):
            continue
        if entry.action == "challenge":
            aliases["challenger"] = entry.version
            continue
        if "champion" in aliases:
            aliases["previous"] = aliases["champion"]
        aliases["champion"] = entry.version
        if entry.action == "promote" and aliases.get("challenger") == entry.version:
            del aliases["challenger"]
    return aliases


def _unusable(file: Path, error: sqlite3.OperationalError) -> EnvironmentFault:
    """A registry that is whole, but cannot be used now."""
    return EnvironmentFault(
        str(file),
        f"cannot be used ({error})",
        "end other processes that hold it, free disk space, or make the folder writable, and try again",
    )


def _digest(before: str, number: int, at: str, action: str, version: str | None, body: str) -> str:
    row = json.dumps([before, number, at, action, version, body])
    return hashlib.sha256(row.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
