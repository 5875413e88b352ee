"""All that a run found, and the one object that machines read of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trimtab.core.budget import pareto
from trimtab.core.bundle import Bundle
from trimtab.core.objects import Candidate, Splits
from trimtab.core.spec import Spec
from trimtab.core.store import value_hash
from trimtab.loop.learning import Learnt
from trimtab.loop.shipping import Tested
from trimtab.loop.shrinking import REFERENCE, Shrunk


@dataclass(frozen=True)
class Evidence:
    """All that a run found, before it is shipped or told."""

    spec: Spec
    rows: Splits
    learnt: Learnt
    shrunk: Shrunk
    tested: Tested
    folders: Mapping[str, str]
    """Where the stages `data`, `features` and `train` keep what they made."""
    rows_hash: str
    """The hash of the rows, features included."""

    def summary(self, name: str) -> dict[str, Any]:
        """A candidate's figures: accuracy on the rows that judge last, the rest from the real server."""
        measured = self.candidate(name).measured
        if measured is None:
            return {"name": name}
        return {
            **measured.summary(name),
            **self.tested.accuracy(name),
            "rows": len(self.tested.truth),
            "measured_on": self.tested.part,
            "valid_accuracy": measured.accuracy,
        }

    def teacher(self) -> dict[str, Any]:
        """The uncompressed model's figures."""
        return self.summary(REFERENCE)

    def candidate(self, name: str) -> Candidate:
        """The candidate of that name."""
        return next(each for each in self.shrunk.candidates if each.name == name)


def result_of(evidence: Evidence, bundle: Bundle | None) -> dict[str, Any]:
    """The one object that `trimtab run --json` ends with; its `decision` and `report` are yet to come."""
    verdict = evidence.shrunk.verdict
    return {
        "event": "result",
        "verdict": "infeasible" if verdict.winner is None else "met",
        "binding": verdict.binding,
        "winner": None if verdict.winner is None else evidence.summary(verdict.winner),
        "teacher": evidence.teacher(),
        "candidates": [_candidate(evidence, each) for each in evidence.shrunk.candidates],
        "tied": list(verdict.tied),
        "nearest": [nearest(evidence, name) for name in verdict.nearest[:3]],
        "test_look": evidence.tested.look,
        "bundle": None if bundle is None else str(bundle.folder.resolve()),
        "version": None if bundle is None else bundle.version,
        "decision": None,
        "report": None,
        "folders": {name: str(Path(folder).resolve()) for name, folder in evidence.folders.items()},
        "seconds": {name: round(value, 3) for name, value in evidence.shrunk.seconds.items()},
    }


def run_id(spec: Spec, found: Mapping[str, Any], home: Path) -> str:
    """A run's name: the hash of what was asked and of what was found (the object of `result_of`).

    The folders in it are named by the hashes of data, code and settings, so no other evidence ever comes to
    lie under the name, and the same evidence always does. They count as they lie in `home`, so that a
    project that is moved finds its runs again.
    """
    return value_hash({"spec": spec.model_dump(mode="json"), "found": _inside(found, home.resolve())})[:12]


def _inside(value: Any, home: Path) -> Any:
    """The value with every path below `home` as it reads from there."""
    if isinstance(value, Mapping):
        return {key: _inside(item, home) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(item, home) for item in value]
    if isinstance(value, str) and value.startswith(f"{home}{os.sep}"):
        return Path(value).relative_to(home).as_posix()
    return value


def _candidate(evidence: Evidence, each: Candidate) -> dict[str, Any]:
    shrunk = evidence.shrunk
    row: dict[str, Any] = {
        **evidence.summary(each.name),
        "folder": str(each.folder.resolve()),
        "source": each.source,
        "runtime": each.runtime,
        "parity": dict(each.parity),
        "seconds": round(each.seconds, 3),
        "refused": each.refused,
    }
    if each.measured is None:
        return row
    front = pareto([one for one in shrunk.candidates if one.measured is not None])
    uses = shrunk.verdict.uses.get(each.name, ())  # the uncompressed model is no candidate
    return row | {
        "drop": asdict(shrunk.drops[each.name]),
        "uses": [asdict(use) for use in uses],
        "on_front": each.name in front,
    }


def nearest(evidence: Evidence, name: str) -> dict[str, Any]:
    """The budget that a candidate breaks most, and by how much."""
    broken = evidence.shrunk.verdict.excesses(name)
    worst = max(broken, key=lambda use: use.used, default=None)
    text = f"{name}: {worst.text} ({worst.used:.2f} times the budget)." if worst else f"{name} fits."
    return {"name": name, "budget": worst and worst.budget, "used": worst and worst.used, "text": text}
