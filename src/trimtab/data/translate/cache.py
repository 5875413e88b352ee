"""Translations that were once paid for, on disk: one SQLite file, safe against a kill at any moment."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trimtab.core.errors import EnvironmentFault
from trimtab.core.store import value_hash

_SCHEMA = """
CREATE TABLE IF NOT EXISTS translations (key TEXT PRIMARY KEY, translation TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
    translator TEXT PRIMARY KEY, requests INTEGER NOT NULL, cost REAL NOT NULL
);
"""
_ASKED = 500
"""Keys in one query: SQLite takes a limited number of parameters."""


class Cache:
    """Translations by content, and the ledger of what they cost. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, check_same_thread=False, timeout=30, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")  # paid for: survives a power cut too
            self._base.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise EnvironmentFault(
                str(path), f"cannot be opened as a cache of translations ({error})", "name another file"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def known(self, identity: Mapping[str, Any], texts: Sequence[str]) -> dict[str, str]:
        """The translations that are there, by text; `identity` is translator and direction."""
        keys = {_key(identity, text): text for text in texts}
        asked = list(keys)
        found: dict[str, str] = {}
        for start in range(0, len(asked), _ASKED):
            part = asked[start : start + _ASKED]
            marks = ",".join("?" * len(part))
            with self._lock:
                rows = self._base.execute(
                    f"SELECT key, translation FROM translations WHERE key IN ({marks})", part
                ).fetchall()
            found |= {keys[key]: translation for key, translation in rows}
        return found

    def keep(self, identity: Mapping[str, Any], translations: Mapping[str, str]) -> None:
        """Store translations by text, all or none; on return they are on disk."""
        rows = [(_key(identity, text), translation) for text, translation in translations.items()]
        with self._lock:
            self._write("INSERT OR REPLACE INTO translations VALUES (?, ?)", rows)

    def ledger(self, translator: Mapping[str, Any]) -> Ledger:
        """The books of one translator."""
        return Ledger(self, value_hash(translator))

    def _write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """One transaction; the lock is held."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            self._base.executemany(statement, rows)
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")


class Ledger:
    """Requests made and money spent with one translator, over all runs that share the cache.

    The most that a request can cost is booked before it is sent, and corrected when its price is known: a
    kill between the two leaves too much in the books, never too little.
    """

    def __init__(self, cache: Cache, translator: str) -> None:
        self._cache = cache
        self._translator = translator

    def spent(self) -> tuple[int, float]:
        """Requests and money so far."""
        with self._cache._lock:
            return self._spent()

    def reserve(self, cost: float, max_requests: int | None, max_cost: float | None) -> bool:
        """Book one request of at most this cost; False, and nothing is booked, where a cap forbids it."""
        with self._cache._lock:
            requests, spent = self._spent()
            if max_requests is not None and requests + 1 > max_requests:
                return False
            if max_cost is not None and spent + cost > max_cost:
                return False
            self._book(requests + 1, spent + cost)
        return True

    def settle(self, reserved: float, cost: float) -> None:
        """Replace the most that a request could cost by what it did cost."""
        with self._cache._lock:
            requests, spent = self._spent()
            self._book(requests, spent - reserved + cost)

    def _spent(self) -> tuple[int, float]:
        row = self._cache._base.execute(
            "SELECT requests, cost FROM ledger WHERE translator = ?", (self._translator,)
        ).fetchone()
        return (int(row[0]), float(row[1])) if row else (0, 0.0)

    def _book(self, requests: int, cost: float) -> None:
        self._cache._write(
            "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", [(self._translator, requests, cost)]
        )


def _key(identity: Mapping[str, Any], text: str) -> str:
    return value_hash([identity, text])
