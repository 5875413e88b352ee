"""NVIDIA's client of the protocol, in an environment of its own: it wants another protobuf than ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from absent import absent
from trimtab.runtime.predict import load

ROOT = Path(__file__).parents[2]
PINS = ROOT / "tests" / "clients" / "triton.txt"
HOME = ROOT / ".venv-triton"
PYTHON = HOME / "bin" / "python"
TEXTS = ["i lost my card", "send money", "cash at the atm"]


@pytest.fixture(scope="module")
def triton() -> Path:
    """The Python that has tritonclient; made once for each set of pins, and kept."""
    ready, pins = HOME / "ready", PINS.read_text(encoding="utf-8")
    if not ready.exists() or ready.read_text(encoding="utf-8") != pins:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
        pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        done = subprocess.run([*pip, "--requirement", str(PINS)], capture_output=True, text=True, check=False)
        if done.returncode:
            absent(f"pip could not fetch tritonclient: {done.stderr.strip().splitlines()[-1]}")
        ready.write_text(pins, encoding="utf-8")
    return PYTHON


@pytest.mark.slow
def test_tritonclient_infers_over_http_and_grpc(triton, server, tiny):
    hosts = [url.removeprefix("http://") for url in (server.rest_url, server.grpc_url)]
    command = [str(triton), str(ROOT / "tests" / "clients" / "triton.py"), *hosts, "tiny", *TEXTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    predictor = load(tiny.folder)
    expected = {
        "label": predictor.predict(TEXTS),
        "confidence": predictor.predict_proba(TEXTS).max(axis=1).tolist(),
        "probabilities": predictor.predict_proba(TEXTS).ravel().tolist(),
    }
    for said in json.loads(done.stdout).values():
        assert said["label"] == expected["label"]
        assert said["confidence"] == pytest.approx(expected["confidence"])
        flat = [value for row in said["probabilities"] for value in row]
        assert flat == pytest.approx(expected["probabilities"])
