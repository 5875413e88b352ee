"""The registry of bundles: versions, aliases and an audit trail, in one SQLite file.

Aliases are `champion`, `challenger` and `previous`. The decision log is append-only and chained by hashes
(`trimtab.core.audit`); where entries at the end are missing, the aliases are not what the log made them,
which shows too. A decision and its log entry are one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from trimtab.core.audit import START, Entry, aliases_of, digest, verified
from trimtab.core.bundle import MANIFEST, Bundle
from trimtab.core.errors import BundleError, ConfigError, EnvironmentFault, suggestion
from trimtab.core.releases_file import fault, opened

ALIASES = ("champion", "challenger", "previous")
Act = Literal["promote", "challenge", "keep"]
"""What may follow from evidence."""


class Releases:
    """The registry in `file`; made on first use."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._db = opened(file)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def register(self, version: str, folder: Path, facts: Mapping[str, Any]) -> None:
        """Add a version; of a known one the newer bundle counts, which may hold another budget's proof."""
        with self._transaction():
            stored = self._stored(folder)
            row = (version, stored, _now(), json.dumps(facts, default=str))
            changed = self._db.execute(
                "INSERT INTO versions VALUES (?, ?, ?, ?) ON CONFLICT (version) DO UPDATE "
                "SET folder = excluded.folder, facts = excluded.facts WHERE folder <> excluded.folder",
                row,
            )
            if changed.rowcount:
                self._append("register", version, {"folder": stored})

    def promote(self, version: str, reasons: Mapping[str, Any]) -> None:
        """Make a version the champion; the champion until now becomes `previous`.

        Where it is the champion already nothing moves, so nothing is logged.

        Raises:
            ConfigError: no such version.
            BundleError: its bundle is missing, damaged or another one: nothing is promoted.
        """
        self.check(version)
        with self._transaction():
            self._promote(version, reasons)

    def challenge(self, version: str, reasons: Mapping[str, Any]) -> None:
        """Make a version the challenger; it raises as `promote` does, and for the champion itself."""
        self.check(version)
        with self._transaction():
            if self._alias("champion") == version:
                raise ConfigError(f"version '{version}'", "is the champion", "challenge it with another one")
            self._challenge(version, reasons)

    def rollback(self, reasons: Mapping[str, Any]) -> str:
        """Swap champion and previous; returns the version that is champion now."""
        previous = self.alias("previous")
        if previous is not None:
            self.check(previous[0])
        with self._transaction():
            champion, back = self._alias("champion"), self._alias("previous")
            if back is None:
                raise ConfigError(
                    str(self.file),
                    "there is no previous champion",
                    "promote a version with `trimtab promote`",
                )
            if previous is None or back != previous[0]:  # another process promoted since it was checked
                raise ConfigError(
                    str(self.file),
                    f"version {back} became the previous champion meanwhile",
                    "look at `trimtab history`, then roll back again",
                )
            self._point("champion", back)
            if champion is not None:
                self._point("previous", champion)
            self._append("rollback", back, {"replaces": champion, **reasons})
            return back

    def decide(self, act: Act, version: str, reasons: Mapping[str, Any], over: str | None) -> bool:
        """Do what evidence against the champion `over` led to, if that one still is champion.

        Evidence takes seconds to gather, and another process may promote meanwhile. Looking who is champion
        and acting on it are one transaction; where it is another one by now, nothing is done: False.
        """
        if act != "keep":
            self.check(version)
        with self._transaction():
            if self._alias("champion") != over:
                return False
            if act == "promote":
                self._promote(version, reasons)
            elif act == "challenge":
                self._challenge(version, reasons)
            else:
                self._append("keep", version, reasons)
            return True

    def touch(self, rows: str, asked: str) -> int:
        """Note that test rows (named by their hash) were looked at to answer `asked`.

        Returns which look at these rows it was, from 1; the same question again is the same look.
        """
        with self._transaction():
            found = self._db.execute("SELECT body FROM log WHERE action = 'touch' ORDER BY number")
            bodies = [json.loads(body) for (body,) in found]
            looks = [body["asked"] for body in bodies if body["rows"] == rows]
            if asked not in looks:
                looks.append(asked)
                self._append("touch", None, {"rows": rows, "asked": asked, "look": len(looks)})
            return looks.index(asked) + 1

    def check(self, version: str) -> None:
        """Make sure that a version's bundle is there and whole.

        Raises:
            ConfigError: no such version.
            BundleError: its bundle is missing, damaged or another one.
        """
        folder = self.folder(version)
        if not (folder / MANIFEST).is_file():
            raise BundleError(
                str(folder),
                f"the bundle of version {version} is gone",
                "copy it back, or make it again with `trimtab run`",
            )
        found = Bundle.open(folder)
        if found.version != version:
            raise BundleError(
                str(folder),
                f"holds version {found.version}, registered is {version}",
                "copy the bundle of that version back",
            )

    def note(self, action: str, version: str | None, body: Mapping[str, Any]) -> None:
        """Append a decision that changes no alias."""
        with self._transaction():
            self._append(action, version, body)

    def alias(self, alias: str) -> tuple[str, Path] | None:
        """Version and folder behind an alias, or None."""
        with self._transaction("DEFERRED"):
            version = self._alias(alias)
            return None if version is None else (version, self.file.parent / self._known(version))

    def folder(self, version: str) -> Path:
        """The bundle's folder of a version.

        Raises:
            ConfigError: no such version; the message lists what exists.
        """
        with self._transaction("DEFERRED"):
            return self.file.parent / self._known(version)

    def versions(self) -> list[dict[str, Any]]:
        """All versions, oldest first, with facts and aliases."""
        with self._transaction("DEFERRED"):  # both as they were at one moment
            aliases = self._db.execute("SELECT alias, version FROM aliases ORDER BY alias").fetchall()
            rows = self._db.execute(
                "SELECT version, folder, created, facts FROM versions ORDER BY created, rowid"
            ).fetchall()
        names: dict[str, list[str]] = {}
        for alias, version in aliases:
            names.setdefault(version, []).append(alias)
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
        with self._transaction("DEFERRED"):  # both as they were at one moment
            rows: Sequence[Any] = self._db.execute(
                "SELECT number, at, action, version, body, before, hash FROM log ORDER BY number"
            ).fetchall()
            stand = dict(self._db.execute("SELECT alias, version FROM aliases"))
        entries = verified(rows, str(self.file))
        made = aliases_of(entries)
        if made != stand:
            raise EnvironmentFault(
                f"{self.file}: aliases",
                f"are {stand}, but the log says {made}: one of them was changed",
                "restore the file from a backup",
            )
        return entries

    @contextmanager
    def _transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[None]:
        """Who means to write begins as a writer: what it looks at cannot change before it acts."""
        try:
            self._db.execute(f"BEGIN {kind}")
            yield
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise fault(self.file, error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _stored(self, folder: Path) -> str:
        """A folder beside the registry by its relative path, so that both can be moved together."""
        whole, home = folder.resolve(), self.file.parent.resolve()
        return str(whole.relative_to(home) if whole.is_relative_to(home) else whole)

    def _promote(self, version: str, reasons: Mapping[str, Any]) -> None:
        old = self._alias("champion")
        if old == version:
            return
        if old is not None:
            self._point("previous", old)
        self._point("champion", version)
        self._db.execute("DELETE FROM aliases WHERE alias = 'challenger' AND version = ?", (version,))
        self._append("promote", version, {"replaces": old, **reasons})

    def _challenge(self, version: str, reasons: Mapping[str, Any]) -> None:
        if self._alias("challenger") != version:
            self._point("challenger", version)
            self._append("challenge", version, reasons)

    def _known(self, version: str) -> str:
        row = self._db.execute("SELECT folder FROM versions WHERE version = ?", (version,)).fetchone()
        if row is None:
            all_of_them = [name for (name,) in self._db.execute("SELECT version FROM versions")]
            known = suggestion(version, all_of_them) if all_of_them else "make one with `trimtab run`"
            raise ConfigError(f"version '{version}'", f"not in {self.file}", known)
        return str(row[0])

    def _alias(self, alias: str) -> str | None:
        row = self._db.execute("SELECT version FROM aliases WHERE alias = ?", (alias,)).fetchone()
        return None if row is None else str(row[0])

    def _point(self, alias: str, version: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?)", (alias, version))

    def _append(self, action: str, version: str | None, body: Mapping[str, Any]) -> None:
        last = self._db.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, before = (last[0] + 1, last[1]) if last else (1, START)
        at, text = _now(), json.dumps(body, sort_keys=True, default=str)
        row = (number, at, action, version, text, before, digest(before, number, at, action, version, text))
        self._db.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
