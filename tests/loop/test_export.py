import subprocess
import sys

import pytest

from trimtab.core.errors import ConfigError
from trimtab.loop.export import EXPORTS, export


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


def test_it_lists_the_targets_that_exist(bundle, tmp_path):
    with pytest.raises(ConfigError, match="no export target 'onx'; did you mean 'onnx'"):
        export(bundle, "onx", tmp_path / "new")


def test_it_refuses_a_model_that_is_not_onnx(bundle, tmp_path):
    (bundle.model / "model.onnx").unlink()
    with pytest.raises(ConfigError, match="holds no ONNX file"):
        export(bundle, "onnx", tmp_path / "new")
