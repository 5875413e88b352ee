"""The served part of replay_oos.py: a real server, real requests, and the watcher reading their log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parts.static_bundle import static_bundle
from trimtab.core.bundle import Bundle
from trimtab.core.releases import Releases
from trimtab.core.requests import read_requests
from trimtab.serve.load import drive

RATE, WINDOW = 400.0, 500
CLEAN, MIXED = 1000, 1000
"""Requests before and after held-back intents are mixed in: together the 2,000 test texts hold as many."""
SPEC = """\
version: 1
task: text-classification
data: {train: train.csv}
budget: {}
serve: {rest: 0, grpc: 0}
watch: {drift: {window: 500}}
"""


@dataclass(frozen=True)
class Texts:
    """The data set: texts of known intents with their labels (no text twice), texts of held-back ones; and
    its own parts, for a bundle that never saw the test texts."""

    known: tuple[str, ...]
    labels: tuple[str, ...]
    novel: tuple[str, ...]
    train: tuple[tuple[str, ...], tuple[str, ...]]
    valid: tuple[str, ...]
    test: tuple[str, ...]

    @classmethod
    def read(cls, data: Path) -> Texts:
        """Read the folder of en_banking77_oos."""
        parts = ("train", "valid", "test")
        label_of = {
            text: label
            for part in parts
            for text, label in zip(
                _lines(data / f"{part}_seq.in"), _lines(data / f"{part}_label"), strict=True
            )
        }
        novel = [text for part in parts for text in _lines(data / f"id-oos_{part}_seq.in")]
        train = tuple(_lines(data / "train_seq.in")), tuple(_lines(data / "train_label"))
        return cls(
            tuple(label_of),
            tuple(label_of.values()),
            tuple(text for text in dict.fromkeys(novel) if text not in label_of),
            train,
            tuple(_lines(data / "valid_seq.in")),
            tuple(_lines(data / "test_seq.in")),
        )


def served(texts: Texts, bundle: Path | None, work: Path, shares: Sequence[float]) -> list[dict]:
    """One row for each share: `CLEAN` known requests, a watch; mixed requests, a watch."""
    folder = bundle or static_bundle(work / "bundle", texts.train, texts.valid).folder
    return [_share(texts, folder, work / f"served-{share:.0%}", share) for share in shares]


def _share(texts: Texts, bundle: Path, project: Path, share: float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    known = iter(rng.permutation(np.array(texts.test, object)).tolist())
    novel = iter(rng.permutation(np.array(texts.novel, object)).tolist())
    clean = [next(known) for _ in range(CLEAN)]
    mixed = [next(novel if strange else known) for strange in rng.random(MIXED) < share]
    write_project(project, bundle)
    with serving(project) as url:
        before, errors = _send_and_watch(project, url, clean)
        after, more = _send_and_watch(project, url, mixed)
    decisions = sorted((project / ".trimtab" / "watch" / "decisions").glob("*.json"))
    said = [json.loads(path.read_text(encoding="utf-8")) for path in decisions]
    alarms = [one["look"] * WINDOW for one in said if one["action"] == "retrain"]
    return {
        "name": f"served/{share:.0%}",
        "requests": CLEAN + MIXED,
        "errors": errors + more,
        "looks": len(said),
        "window": WINDOW,
        "before": before["action"],
        "after": after["action"],
        "alarm_after": alarms[0] - CLEAN if alarms else None,
    }


def _send_and_watch(project: Path, url: str, asked: Sequence[str]) -> tuple[dict[str, Any], int]:
    """What `trimtab watch` decides once these requests are logged, and how many of them failed."""
    log = project / ".trimtab" / "requests"
    logged = sum(1 for _ in read_requests(log))
    sent = drive(url, asked, concurrency=8, requests=len(asked), rate=RATE)
    until = time.monotonic() + 30
    while sum(1 for _ in read_requests(log)) < logged + len(asked) - sent.errors:
        if time.monotonic() > until:
            raise SystemExit(f"{log}: not every request was logged")
        time.sleep(0.2)
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(project), "watch", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), sent.errors


def write_project(project: Path, bundle: Path) -> None:
    """A project whose champion is the bundle."""
    project.mkdir(parents=True)
    (project / "trimtab.yaml").write_text(SPEC)
    opened = Bundle.open(bundle)
    (project / ".trimtab").mkdir()
    releases = Releases(project / ".trimtab" / "registry.db")
    releases.register(opened.version, opened.folder, {})
    releases.promote(opened.version, {"why": "to be watched"})
    releases.close()


@contextmanager
def serving(project: Path) -> Iterator[str]:
    """`trimtab serve` in the project; the address of its REST API."""
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(project), "serve", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            yield f"http://{said['host']}:{said['rest']}"
        finally:
            process.terminate()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
