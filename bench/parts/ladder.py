"""The services that bench/serving.py measures: each rung changes one thing in the rung before it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parts.subject import Subject
from trimtab.core.bundle import write_bundle
from trimtab.serve.lifeline import FLAG, lifeline
from trimtab.serve.load import start_server

NAIVE = Path(__file__).with_name("naive.py")
ONE_TEXT = ("--batch-tokens", "1")
"""Switches batching off: a worker takes one text from the queue, however many wait."""


@dataclass(frozen=True)
class Rung:
    """A candidate of the run behind trimtab's server: its name there, the server's options, stacked rows."""

    candidate: str
    options: tuple[str, ...] = ()
    stacked: bool = False


RUNGS: Mapping[str, Rung] = {
    "ort-fp32": Rung("ort-fp32", ONE_TEXT),
    "ort-int8": Rung("ort-int8", ONE_TEXT),
    "batching": Rung("ort-int8"),
    "student": Rung("student-int8"),
    "cascade": Rung("cascade"),
    "ort-fp32-batched": Rung("ort-fp32", stacked=True),
}


@dataclass(frozen=True)
class Service:
    """One row of the ablation: a bundle behind trimtab's server, or a command that is a server itself."""

    name: str
    bundle: Path | None = None
    command: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @contextmanager
    def start(self) -> Iterator[dict[str, str]]:
        """The service's address by protocol and the name of its model, until the block ends."""
        if self.bundle is not None:
            with start_server(self.bundle, options=self.options) as server:
                yield {"rest": server.rest_url, "grpc": server.grpc_url, "model": server.name}
            return
        command = [sys.executable, *self.command, FLAG]
        with (
            lifeline() as stdin,
            subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, text=True) as process,
        ):
            try:
                assert process.stdout is not None
                ports = json.loads(process.stdout.readline())
                yield {kind: f"http://127.0.0.1:{port}" for kind, port in ports.items()} | {"model": "naive"}
            finally:
                process.terminate()


def ladder(subject: Subject, place: Path) -> list[Service]:
    """The services of the ablation, from the naive one up; their bundles are written to `place`."""
    missing = {rung.candidate for rung in RUNGS.values()} - subject.candidates.keys()
    if missing:
        raise SystemExit(f"the run has no candidate {', '.join(sorted(missing))}: run it with compress: auto")
    found = []
    for name, rung in RUNGS.items():
        model = shutil.copytree(subject.candidates[rung.candidate], place / f"{name}-model")
        if rung.stacked:
            _stack_rows(model)
        bundle = write_bundle(place / name, model, subject.steps, subject.labels, {"name": name})
        found.append(Service(name, bundle.folder, options=rung.options))
    if subject.deployed is not None:
        found.insert(-1, Service("deployed", subject.deployed))
    tokenizer = place / "ort-fp32" / "tokenizer.json"
    naive = (str(NAIVE), "--trained", str(subject.trained), "--tokenizer", str(tokenizer))
    return [Service("naive", command=naive), Service("unpadded", command=(*naive, "--no-padding")), *found]


def _stack_rows(model: Path) -> None:
    """Let the runtime take rows of equal length as one tensor: the strong baseline gets every advantage."""
    config = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").write_text(json.dumps({**config, "alone": False}), encoding="utf-8")
