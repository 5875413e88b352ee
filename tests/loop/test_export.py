import json
import signal
import subprocess
import sys
from importlib import metadata

import httpx
import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.spec import ServeSpec
from trimtab.loop.export import EXPORTS, deploy, export


def test_its_usage_note_runs(bundle, tmp_path):
    into = export(bundle, "onnx", tmp_path / "onnx")
    assert sorted(path.name for path in into.iterdir()) == [
        "USAGE.md",
        "config.json",
        "model.onnx",
        "tokenizer.json",
    ]
    code = (into / "USAGE.md").read_text().split("```python\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=into, check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "card\n"


@pytest.mark.parametrize("target", EXPORTS)
def test_it_overwrites_nothing(bundle, tmp_path, target):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(ConfigError, match="exists and is not empty"):
        export(bundle, target, tmp_path / "full")


def test_what_deploys_a_bundle_serves_it_from_its_own_files(bundle, tmp_path, monkeypatch):
    into = deploy(bundle, "docker", ServeSpec(rest=0, grpc=0), tmp_path / "image")
    lines = (into / "Dockerfile").read_text().splitlines()
    assert "ENV PYTHONPATH=/srv PYTHONUNBUFFERED=1" in lines
    _, *words = json.loads(lines[-1].removeprefix("CMD "))
    words[words.index("--host") + 1] = "127.0.0.1"
    words[words.index("/srv/bundle")] = str(into / "bundle")
    monkeypatch.setenv("PYTHONPATH", str(into))
    where = [sys.executable, "-c", "import trimtab; print(trimtab.__file__)"]
    assert subprocess.check_output(where, text=True, cwd=tmp_path).startswith(str(into))
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as served:
        port = json.loads(served.stdout.readline())["rest"]
        said = httpx.post(f"http://127.0.0.1:{port}/predict", json={"texts": ["card"]}).json()
        served.send_signal(signal.SIGTERM)
        assert served.wait(30) == 0
    assert said["predictions"][0]["label"] == "card"


def test_its_image_installs_what_serving_needs_as_it_is_here(bundle, tmp_path):
    into = deploy(bundle, "docker", ServeSpec(), tmp_path / "image")
    pinned = dict(line.split("==") for line in (into / "requirements.txt").read_text().splitlines())
    assert pinned == {name: metadata.version(name) for name in pinned}
    assert {"onnxruntime", "tokenizers", "uvicorn"} <= set(pinned)
    assert not {"torch", "transformers", "scikit-learn", "pytest"} & set(pinned)


def test_it_lists_the_targets_that_exist(bundle, tmp_path):
    with pytest.raises(ConfigError, match="no export target 'onx'; did you mean 'onnx'"):
        export(bundle, "onx", tmp_path / "new")


def test_it_refuses_a_model_that_is_not_onnx(bundle, tmp_path):
    (bundle.model / "model.onnx").unlink()
    with pytest.raises(ConfigError, match="holds no ONNX file"):
        export(bundle, "onnx", tmp_path / "new")
