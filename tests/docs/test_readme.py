"""Every command of the README is executed, on a project that takes seconds instead of minutes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from parts.projects import small_project
from until import HANGS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for kind, body in BLOCKS
    if kind == "sh"
    for line in body.replace("\\\n", " ").splitlines()
    if line.split("#")[0].strip()
]
TESTED = {"make test"}
"""Run elsewhere: `make test` runs this very test."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """`make demo` itself, with this environment, on the small project."""
    folder = tmp_path_factory.mktemp("readme") / "demo"
    small_project(folder)
    environment = Path(sys.executable).parents[1]
    command = ["make", "demo", f"VENV={environment}", f"DEMO={folder}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def service(demo):
    """`trimtab serve` of the demo, on free ports."""
    ports = [_free_port(), _free_port()]
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(demo), "serve", "--json"]
    command += ["--set", f"serve.rest={ports[0]}", "--set", f"serve.grpc={ports[1]}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "listening"
    yield ports[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANGS) == 0
    process.stdout.close()


def test_it_begins_with_two_commands():
    assert COMMANDS[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("command", [each for each in dict.fromkeys(COMMANDS) if each not in TESTED])
def test_the_command_works(command, demo, request):
    if command == "make demo":
        return
    if command.endswith(" serve"):
        request.getfixturevalue("service")
        return
    if "localhost:8080" in command:
        command = command.replace("localhost:8080", f"localhost:{request.getfixturevalue('service')}")
    line = command.replace("build/demo", str(demo)).replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    done = subprocess.run(
        line,
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BROWSER": "true"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_python_example_works(demo):
    (code,) = [body for kind, body in BLOCKS if kind == "python"]
    code = code.replace("build/demo/trimtab.yaml", str(demo / "trimtab.yaml"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_make_test_runs_the_tests_and_ci_runs_make_test():
    shown = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m pytest" in shown.stdout
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_its_pictures_exist():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).is_file(), path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
