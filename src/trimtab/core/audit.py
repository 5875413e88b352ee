"""The decision log as values: entries chained by their hashes, and what they add up to.

Each entry carries the hash of the one before, so an entry that was changed, or is missing from the
middle, shows. Aliases and the anchor follow from the entries alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.core.errors import EnvironmentFault

START = "0" * 64
"""What the first entry carries in place of a hash before it."""


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


def digest(before: str, number: int, at: str, action: str, version: str | None, body: str) -> str:
    """SHA-256 of an entry and of the hash before it; `body` is the JSON text as it is stored."""
    row = json.dumps([before, number, at, action, version, body])
    return hashlib.sha256(row.encode()).hexdigest()


def verified(rows: Iterable[tuple[int, str, str, str | None, str, str, str]], place: str) -> list[Entry]:
    """The entries of stored rows (number, at, action, version, body, before, hash), oldest first.

    Raises:
        EnvironmentFault: an entry does not follow from the one before; it is named.
    """
    entries = []
    before = START
    for number, at, action, version, body, said_before, said in rows:
        if said_before != before or said != digest(before, number, at, action, version, body):
            raise EnvironmentFault(
                f"{place}: log entry {number}",
                "does not follow from the entry before it: the log was changed",
                "restore the file from a backup",
            )
        entries.append(Entry(number, at, action, version, json.loads(body), said_before, said))
        before = said
    return entries


def aliases_of(entries: Iterable[Entry]) -> dict[str, str]:
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


def anchor_of(entries: Iterable[Entry]) -> str | None:
    """The version from which losses count, so that many small ones do not add up unseen.

    A promotion by evidence says in its body which version that is. One by hand, and a rollback, are a
    person's word: losses count from there anew.
    """
    anchor: str | None = None
    for entry in entries:
        if entry.action in ("promote", "rollback"):
            anchor = entry.body.get("anchor", entry.version)
    return anchor


def was_rolled_back(entries: Iterable[Entry], version: str) -> bool:
    """Whether the last promotion or rollback that concerned a version took it away from the champion."""
    moves = [entry for entry in entries if entry.action in ("promote", "rollback")]
    own = [entry for entry in moves if version in (entry.version, entry.body.get("replaces"))]
    return bool(own) and own[-1].action == "rollback" and own[-1].body.get("replaces") == version
