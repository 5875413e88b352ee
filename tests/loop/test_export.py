import json
import signal
import subprocess
import sys
from importlib import metadata

import httpx
import pytest

from tiny import LABELS, tiny_model, tiny_tokens
from trimtab.core.bundle import write_bundle
from trimtab.core.errors import ConfigError
from trimtab.core.spec import ServeSpec
from trimtab.loop.export import EXPORTS, deploy, export
from trimtab.runtime.predict import load
from until import HANGS


def answer_by_note(into, text):
    """What the note's own code prints in a process of its own."""
    code = (into / "USAGE.md").read_text().split("```python\n")[1].split("```")[0]
    assert "I lost my card" in code
    code = code.replace("I lost my card", text) + "print(probabilities.max())\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=into, check=True, capture_output=True, text=True, timeout=HANGS
    )
    label, confidence = done.stdout.split()
    return label, float(confidence)


def test_its_usage_note_runs(bundle, tmp_path):
    into = export(bundle, "onnx", tmp_path / "onnx")
    assert sorted(path.name for path in into.iterdir()) == [
        "USAGE.md",
        "config.json",
        "model.json",
        "model.onnx",
        "tokenizer.json",
    ]
    assert answer_by_note(into, "I lost my card")[0] == "card"


def cascade(folder, threshold, heat, student, teacher):
    """A cascade of two models that are there; both are moved below it."""
    folder.mkdir()
    student.rename(folder / "student")
    teacher.rename(folder / "teacher")
    about = {"threshold": threshold, "student_temperature": heat[0], "teacher_temperature": heat[1]}
    (folder / "model.json").write_text(json.dumps({"runtime": "cascade", **about}))
    return folder


def test_its_usage_note_answers_as_the_cascade_of_three_does_that_it_came_from(tmp_path):
    one, two, three = (tiny_model(tmp_path / str(seed), seed) for seed in range(3))
    inner = cascade(tmp_path / "inner", 0.41, (2.0, 1.5), two, three)
    outer = cascade(tmp_path / "outer", 0.5, (3.0, 1.0), one, inner)
    bundle = write_bundle(tmp_path / "bundle", outer, [tiny_tokens()], LABELS, {"name": "cascade-3"})
    into, served = export(bundle, "onnx", tmp_path / "onnx"), load(bundle.folder)
    stages = set()
    for text in ("lost card", "the card the the", "the i the cash the the i the"):
        expected = served.output([text])
        stages.add(int(expected.stage[0]))
        label, confidence = answer_by_note(into, text)
        assert label == served.predict([text])[0]
        assert confidence == pytest.approx(expected.probabilities.max(), abs=1e-5)
    assert stages == {0, 1, 2}


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
        assert served.wait(HANGS) == 0
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
