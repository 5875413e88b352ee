"""The SQLite file of the registry: its tables, how it is opened, and what may be wrong with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from trimtab.core.errors import EnvironmentFault

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
-- INSERT OR REPLACE deletes without asking the trigger above, unless recursive_triggers is on.
CREATE TRIGGER IF NOT EXISTS log_is_append_only_i BEFORE INSERT ON log
    WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END;
"""


def opened(file: Path) -> sqlite3.Connection:
    """A connection to the file, which is made where there is none.

    Raises:
        EnvironmentFault: it cannot be used, or is no registry.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        raise fault(file, error) from error
    return db


def fault(file: Path, error: sqlite3.DatabaseError) -> EnvironmentFault:
    """A registry that is whole but cannot be used now, or one that is not whole."""
    if isinstance(error, sqlite3.OperationalError):
        remedy = "end other processes that hold it, free disk space, or make the folder writable"
        return EnvironmentFault(str(file), f"cannot be used ({error})", f"{remedy}, and try again")
    return EnvironmentFault(
        str(file), f"not a registry ({error})", "restore it from a backup, or move it away to start anew"
    )
