"""Checks the machine: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import platform
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from trimtab.core import machine
from trimtab.core.packages import required
from trimtab.core.spec import ServeSpec

LEAST_MEMORY_GIB = 1.0
LEAST_DISK_GB = 2.0
"""Checkpoints, candidates and bundles of one run take about 1 GB."""


@dataclass(frozen=True)
class Check:
    """One fact about the machine. `missing` stops trimtab, `note` stops or slows one of its verbs."""

    name: str
    found: str
    state: Literal["ok", "note", "missing"]
    remedy: str = ""


def examine(folder: Path, serve: ServeSpec) -> list[Check]:
    """All checks: Python, packages, processor, memory, disk below `folder`, the ports of `serve`."""
    return [
        Check("python", platform.python_version(), "ok"),
        *_packages(),
        *_hardware(),
        _disk(folder),
        *(_port(name, serve.host, port) for name, port in (("rest", serve.rest), ("grpc", serve.grpc))),
    ]


def _packages() -> Iterator[Check]:
    """The packages of every install, and those of the train extra."""
    always, training = required(), required("train")
    for name in sorted([*always, *training]):
        yield _package(name, for_training=name not in always)


def _package(name: str, for_training: bool) -> Check:
    try:
        return Check(name, version(name), "ok")
    except PackageNotFoundError:
        if for_training:
            return Check(name, "-", "note", '`trimtab run` needs it: pip install "trimtab[train]"')
        return Check(name, "-", "missing", "pip install trimtab")


def _hardware() -> Iterator[Check]:
    cpu = machine.cpu_name()
    slow = "vnni" not in cpu and "amx" not in cpu
    yield Check("processor", cpu, "ok", "without VNNI INT8 gains less; it is measured" if slow else "")
    yield Check("threads", str(machine.threads()), "ok")
    memory = machine.memory_bytes() / 2**30
    enough = memory >= LEAST_MEMORY_GIB
    remedy = "" if enough else f"give the process at least {LEAST_MEMORY_GIB:g} GiB"
    yield Check("memory", f"{memory:.1f} GiB", "ok" if enough else "missing", remedy)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free / 1e9
    if free < LEAST_DISK_GB:
        return Check("disk", f"{free:.1f} GB free", "missing", f"free at least {LEAST_DISK_GB:g} GB")
    return Check("disk", f"{free:.1f} GB free", "ok")


def _port(name: str, host: str, port: int) -> Check:
    """Whether the service could listen there now; a service that runs already is no fault."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            remedy = f"stop what listens there, or set serve.{name}"
            return Check(f"port {port}", error.strerror or str(error), "note", remedy)
    return Check(f"port {port}", "free", "ok")
