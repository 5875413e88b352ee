"""schemathesis attacks the whole REST API from its own description, with all of its checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.serve.load import start_server

TOKEN = "secret"


def attack(url: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json"]
    limits = ["--max-examples", "40", "--seed", "1", "--no-color", *options]
    return subprocess.run([*command, *limits], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.slow
def test_it_finds_no_failure(server, tmp_path):
    done = attack(server.rest_url, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.slow
def test_it_finds_no_failure_behind_a_token(tiny, tmp_path):
    with start_server(tiny.folder, token=TOKEN) as guarded:
        done = attack(guarded.rest_url, tmp_path, "--header", f"Authorization: Bearer {TOKEN}")
    assert done.returncode == 0, done.stdout[-6000:]
