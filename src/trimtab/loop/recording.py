"""Writes down what a run found, as the record that the report shows."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.core import machine
from trimtab.core.budget import GATE_LEVEL
from trimtab.core.objects import Splits
from trimtab.core.spec import Spec
from trimtab.core.spec_file import ReadSpec, dotted, options
from trimtab.core.splits import DROPPED
from trimtab.core.units import show_share
from trimtab.loop.evidence import Evidence, nearest
from trimtab.loop.shrinking import REFERENCE

SHOWN_DROPS = 500
SHOWN_PAIRS = 12
SHOWN_EXAMPLES = 3


def record_of(
    evidence: Evidence, read: ReadSpec, folder: Path, result: Mapping[str, Any], command: Sequence[str]
) -> dict[str, Any]:
    """The record that `loop.report.render` shows; its fields are described in `loop.record`."""
    shrunk, rows, winner = evidence.shrunk, evidence.rows, evidence.shrunk.verdict.winner
    record: dict[str, Any] = {
        "name": read.folder.resolve().name,  # a folder that is entered is called "."
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "verdict": _verdict(evidence),
        "budget": _budget(evidence.spec),
        "candidates": result["candidates"],
        "teacher": result["teacher"],
        "stages": _stages(evidence),
        "data": dict(rows.facts),
        "dropped": _dropped(rows),
        "dropped_folder": str(Path(evidence.folders["data"]) / DROPPED),
        "curves": _curves(evidence),
        "trials": _trials(evidence),
        "features_folder": evidence.folders["features"],
        "latencies": {name: times.tolist() for name, times in shrunk.latencies.items()},
        "confusion": confusion(evidence, winner or REFERENCE),
        "spec": [
            {"option": dotted(path), "value": value, "origin": read.place(*path)}
            for path, value in options(evidence.spec)
        ],
        "environment": machine.describe(),
        "command": shlex.join(command),
        "seconds": sum(shrunk.seconds.values()),
        "seed": evidence.spec.seed,
        "run_folder": str(folder),
    }
    if evidence.tested.look is not None:
        record["test_look"] = evidence.tested.look
        if winner is not None:
            record["test"] = _test(evidence, winner)
    return record


def _verdict(evidence: Evidence) -> dict[str, Any]:
    verdict = evidence.shrunk.verdict
    return {
        "verdict": "infeasible" if verdict.winner is None else "met",
        "winner": verdict.winner,
        "binding": verdict.binding,
        "sentences": sentences(evidence),
        "nearest": list(verdict.nearest),
    }


def _budget(spec: Spec) -> dict[str, Any]:
    budget = spec.budget
    return {
        "accuracy_drop": budget.accuracy_drop,
        "latency_p99_ms": None if budget.latency_p99 is None else budget.latency_p99 * 1e3,
        "size_bytes": budget.size,
    }


def _curves(evidence: Evidence) -> dict[str, Any]:
    """The learning curves of all that was trained."""
    trained = {each.name: each.history for each in evidence.shrunk.candidates if each.history}
    return {
        name: list(history)
        for name, history in {"teacher": evidence.learnt.trained.history, **trained}.items()
    }


def _test(evidence: Evidence, winner: str) -> dict[str, Any]:
    """The winner against the teacher on the test rows."""
    return asdict(evidence.tested.drop(winner)) | {
        "level": GATE_LEVEL,
        "teacher_accuracy": evidence.teacher()["accuracy"],
        "winner_accuracy": evidence.summary(winner)["accuracy"],
    }


def sentences(evidence: Evidence) -> list[str]:
    """What the budgets say, in words; the most important first."""
    verdict = evidence.shrunk.verdict
    if verdict.winner is None:
        said = ["No candidate keeps every budget."]
        for name in verdict.nearest[:3]:
            said.append(nearest(evidence, name)["text"])
        return said
    winner, teacher = evidence.summary(verdict.winner), evidence.teacher()
    faster = teacher["p50_ms"] / winner["p50_ms"]
    smaller = teacher["size_bytes"] / winner["size_bytes"]
    tightest = max(verdict.uses[verdict.winner], key=lambda use: use.used, default=None)
    said = [
        f"{verdict.winner} keeps every budget: {show_share(winner['accuracy'])} accuracy on the "
        f"{evidence.tested.part} rows against {show_share(teacher['accuracy'])} uncompressed, "
        f"{faster:.1f} times faster at the median and {smaller:.1f} times smaller."
    ]
    if verdict.tied:
        said.append(
            f"{', '.join(verdict.tied)} cannot be told from it by throughput; it is the more accurate on the "
            "validation rows, or the smaller."
        )
    if tightest is not None:
        said.append(f"The budget it uses most of is {tightest.budget}: {tightest.text}.")
    return said


def confusion(evidence: Evidence, name: str) -> dict[str, Any]:
    """The classes with most errors of a candidate, and what they were taken for, with examples."""
    tested, labels = evidence.tested, evidence.rows.labels
    texts = evidence.rows.parts()[tested.part][evidence.rows.text]
    wrong = np.flatnonzero(~tested.right(name))
    pairs: dict[tuple[int, int], list[int]] = {}
    for row in wrong:
        pairs.setdefault((int(tested.truth[row]), int(tested.answers[name][row])), []).append(int(row))
    most = sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0]))[:SHOWN_PAIRS]
    errors = np.bincount(tested.truth[wrong], minlength=len(labels))
    counts = np.bincount(tested.truth, minlength=len(labels))
    worst = [int(at) for at in np.argsort(-errors, kind="stable")[:SHOWN_PAIRS] if errors[at]]
    return {
        "rows": tested.part,
        "classes": [
            {"label": labels[at], "errors": int(errors[at]), "rows": int(counts[at])} for at in worst
        ],
        "pairs": [
            {
                "truth": labels[truth],
                "predicted": labels[answer],
                "count": len(found),
                "examples": [texts[row] for row in found[:SHOWN_EXAMPLES]],
            }
            for (truth, answer), found in most
        ],
    }


def _stages(evidence: Evidence) -> list[dict[str, Any]]:
    """Seconds of each stage, and where the model stood after it."""
    seconds = evidence.shrunk.seconds
    rows: list[dict[str, Any]] = [
        {"name": name, "seconds": seconds[name]} for name in ("data", "features", "train")
    ]
    for each in evidence.shrunk.candidates:
        found = evidence.summary(each.name)
        rows.append(
            {
                "name": each.name,
                "seconds": each.seconds,
                "accuracy": found.get("valid_accuracy"),
                "latency": found.get("p99_ms"),
                "size": found.get("size_bytes"),
                "source": each.source,
                "note": f"from {each.source}" if each.source else "uncompressed",
            }
        )
    rows += [{"name": name, "seconds": seconds[name]} for name in ("measure", "test")]
    return rows


def _dropped(rows: Splits) -> list[dict[str, Any]]:
    """The first dropped rows, each with its reason."""
    drops = ((part, drop) for part, dropped in rows.dropped.items() for drop in dropped)
    return [
        {
            "split": part,
            "id": drop.id,
            "step": drop.step,
            "reason": drop.reason,
            "text": str(drop.row.get(rows.text, "")),
        }
        for part, drop in islice(drops, SHOWN_DROPS)
    ]


def _trials(evidence: Evidence) -> list[dict[str, Any]]:
    return [
        {
            "number": trial.number,
            "params": {"family": family, **trial.parameters},
            "value": trial.score,
            "state": "complete",
        }
        for family, trials in evidence.learnt.trials.items()
        for trial in trials
    ]
