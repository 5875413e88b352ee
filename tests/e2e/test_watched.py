"""A service that is really watched: `trimtab serve` answers, `trimtab watch` reads the log it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tiny import NEW, profiled_bundle, texts
from trimtab.core.releases import Releases
from trimtab.core.requests import read_requests, segments
from trimtab.serve.load import drive
from until import until

pytestmark = pytest.mark.slow

SPEC = """\
version: 1
task: text-classification
data: {train: train.csv}
budget: {}
serve: {rest: 0, grpc: 0}
watch: {drift: {window: 200}}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A project whose champion is a small bundle with a reference profile."""
    bundle = profiled_bundle(tmp_path, {"name": "tiny"}, train_rows=300, valid_rows=500)
    folder = tmp_path / "project"
    (folder / ".trimtab").mkdir(parents=True)
    (folder / "trimtab.yaml").write_text(SPEC)
    releases = Releases(folder / ".trimtab" / "registry.db")
    releases.register(bundle.version, bundle.folder, {"name": "tiny"})
    releases.promote(bundle.version, {"why": "a test"})
    releases.close()
    return folder


@contextmanager
def serving(project: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(project), "serve", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = json.loads(process.stdout.readline())
            yield f"http://{said['host']}:{said['rest']}", process
        finally:
            process.terminate()


def send(project: Path, url: str, asked: list[str]) -> None:
    """Send the texts in order, and wait until they are logged."""
    log = project / ".trimtab" / "requests"
    logged = sum(1 for _ in read_requests(log))
    assert drive(url, asked, concurrency=4, requests=len(asked), rate=500.0).errors == 0
    until(lambda: sum(1 for _ in read_requests(log)) >= logged + len(asked))


def watch(project: Path) -> dict:
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(project), "watch", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_silent_over_what_it_was_made_for_and_alarmed_by_what_is_new(project):
    rng = np.random.default_rng(1)
    with serving(project) as (url, _):
        send(project, url, texts(rng, 600))
        calm = watch(project)
        send(project, url, texts(rng, 120) + texts(rng, 80, NEW))
        drifted = watch(project)
    assert (calm["action"], drifted["action"]) == ("keep", "retrain")
    assert calm["reasons"][0].startswith("no alarm at look 3")
    assert any(reason.startswith("nearest_cosine: ") for reason in drifted["reasons"])
    releases = Releases(project / ".trimtab" / "registry.db")
    noted = [entry.action for entry in releases.history() if "look" in entry.body]
    releases.close()
    assert noted == ["keep", "keep", "keep", "retrain"]


def test_a_server_that_is_killed_in_the_middle_of_a_line_stops_no_watcher(project):
    rng = np.random.default_rng(1)
    with serving(project) as (url, process):
        send(project, url, texts(rng, 100))
        process.kill()
        process.wait()
    (torn,) = segments(project / ".trimtab" / "requests")
    torn.write_bytes(torn.read_bytes()[:-9] + b"\n")
    with serving(project) as (url, _):
        send(project, url, texts(rng, 200))
        said = watch(project)
    assert said["reasons"][0].startswith("no alarm at look 1")
    assert any("1 line of the request log is no request" in reason for reason in said["reasons"])


def test_the_log_keeps_its_size_and_the_server_warns_of_what_nobody_read(project):
    rng = np.random.default_rng(1)
    log, most = project / ".trimtab" / "requests", 10**6
    asked = [f"{text} {'my ' * 300}" for text in texts(rng, 400)]
    with serving(project, "--set", "serve.log_size=1MB") as (url, process):
        for _ in range(3):
            assert drive(url, asked, concurrency=4, requests=len(asked), rate=400.0).errors == 0
        assert drive(url, ["the last one"], concurrency=1, requests=1).errors == 0
        until(lambda: any(request.text == "the last one" for request in read_requests(log)))
        assert sum(path.stat().st_size for path in segments(log)) <= 1.2 * most  # one flush may exceed a part
        process.terminate()
        said = process.stderr.read()
    assert "deleted to keep serve.log_size, before `trimtab watch` had read it" in said
    assert 400 < sum(1 for _ in read_requests(log)) < 1200
