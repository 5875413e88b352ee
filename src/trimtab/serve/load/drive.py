"""Starts the load generator, and the service it drives, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trimtab.core.errors import EnvironmentFault
from trimtab.serve.access import TOKEN, address
from trimtab.serve.lifeline import FLAG, lifeline
from trimtab.serve.load.result import LoadResult


@dataclass(frozen=True)
class Server:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    rest_url: str
    grpc_url: str
    version: str
    name: str

    def stop(self, patience: float = 60.0) -> int:
        """SIGTERM, then wait; the process's exit code. It is killed after `patience` seconds."""
        return _stop(self.process, patience)


@contextmanager
def start_server(
    bundle: Path, threads: int | None = None, options: Sequence[str] = (), token: str | None = None
) -> Iterator[Server]:
    """Serve a bundle on free ports until the block ends; `options` go to `python -m trimtab.serve`.

    Raises:
        EnvironmentFault: it did not start; the message holds what it said.
    """
    command = [sys.executable, "-m", "trimtab.serve", str(bundle), "--rest", "0", "--grpc", "0", *options]
    if threads is not None:
        command += ["--threads", str(threads)]
    with (
        lifeline() as stdin,
        subprocess.Popen(
            [*command, FLAG], stdin=stdin, stdout=subprocess.PIPE, text=True, env=_environment(token)
        ) as process,
    ):
        try:
            yield _announced(process, bundle)
        finally:
            if process.poll() is None:
                _stop(process)


def _stop(process: subprocess.Popen[str], patience: float = 60.0) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _announced(process: subprocess.Popen[str], bundle: Path) -> Server:
    """The server, once it said where it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        raise EnvironmentFault(str(bundle), f"the server ended with code {code}", "see what it wrote above")
    said = json.loads(line)
    rest, grpc = (f"http://{address(said['host'], said[port])}" for port in ("rest", "grpc"))
    return Server(process, rest, grpc, said["version"], said["name"])


def drive(url: str, texts: Sequence[str], raw: Path | None = None, **options: Any) -> LoadResult:
    """Drive a service from a separate process; `options` are the fields of `Plan`.

    A token goes by the environment, where other users of the machine cannot read it. `raw` keeps the raw
    replies in that file.

    Raises:
        EnvironmentFault: the generator itself failed.
    """
    with TemporaryDirectory() as place:
        file, out = Path(place) / "texts.jsonl", raw or Path(place) / "raw.jsonl"
        file.write_text("\n".join(json.dumps(text) for text in texts), encoding="utf-8")
        command = [sys.executable, "-m", "trimtab.serve.load", "--url", url, "--texts", str(file)]
        token = options.pop("token", None)
        command += [FLAG, "--out", str(out), *_flags(options)]
        with lifeline() as stdin:
            done = subprocess.run(
                command, stdin=stdin, capture_output=True, text=True, check=False, env=_environment(token)
            )
        if not out.is_file():
            said = done.stderr.strip().splitlines()
            raise EnvironmentFault(
                url, f"the load generator failed ({said[-1:]})", "check that the service answers"
            )
        return LoadResult.read(out)


def _environment(token: str | None) -> dict[str, str]:
    """That of this process, with this token or none."""
    rest = {name: value for name, value in os.environ.items() if name != TOKEN}
    return rest if token is None else {**rest, TOKEN: token}


def _flags(options: dict[str, Any]) -> list[str]:
    flags: list[str] = []
    for name, value in options.items():
        if value is True:
            flags.append(f"--{name}")
        elif value is not None and value is not False:
            flags += [f"--{name}", str(value)]
    return flags
