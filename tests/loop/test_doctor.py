import socket
from importlib.metadata import PackageNotFoundError

import pytest

from trimtab.core.spec import ServeSpec
from trimtab.loop import doctor


@pytest.fixture
def checks(tmp_path):
    def examine(**serve):
        ports = {"rest": 0, "grpc": 0} | serve
        return {check.name: check for check in doctor.examine(tmp_path, ServeSpec(**ports))}

    return examine


def test_it_finds_every_package_that_trimtab_needs(checks):
    found = checks()
    assert {"numpy", "onnxruntime", "uvloop", "torch"} <= set(found)
    assert "ray" not in found
    assert not [check for check in found.values() if check.state == "missing"]


def test_it_notes_a_port_in_use(checks):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check = checks(rest=port)[f"port {port}"]
    assert (check.state, check.found) == ("note", "Address already in use")
    assert "serve.rest" in check.remedy


@pytest.mark.parametrize(("package", "state"), [("polars", "missing"), ("torch", "note")])
def test_it_tells_what_is_needed_from_what_training_needs(checks, monkeypatch, package, state):
    def version(name):
        if name == package:
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor, "version", version)
    assert checks()[package].state == state


def test_it_misses_disk_and_memory(checks, monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_DISK_GB", 1e9)
    monkeypatch.setattr(doctor, "LEAST_MEMORY_GIB", 1e9)
    found = checks()
    assert (found["disk"].state, found["memory"].state) == ("missing", "missing")
