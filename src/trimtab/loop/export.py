"""Writes a bundle for other tools and for deployment; a new export target is one class, one registry line."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import trimtab
from trimtab.core.bundle import Bundle
from trimtab.core.errors import ConfigError
from trimtab.core.registry import Registry
from trimtab.core.spec import ServeSpec
from trimtab.serve.deploy import render
from trimtab.serve.deploy.render import CODE

EXPORTS = Registry("export target", "trimtab.export", {"onnx": "trimtab.loop.export:Onnx"})

_NOTE = """# {name} as ONNX

Files: {files}; `tokenizer.json`; `config.json` (`id2label`).

Inputs `input_ids` and `attention_mask` are int64 (rows, tokens); outputs are `probabilities`
(rows, classes) and `embedding` (rows, width), float32. Give texts of one length at a time: the model was
measured without padding. At most {length} tokens are read.

A folder whose `model.json` has a `threshold` is a cascade of `student/` and `teacher/`; the teacher may be
one itself. Raise the student's probabilities to the power 1/`student_temperature` and scale them to sum to
one: its answer stands where the largest is at least `threshold`. Else the teacher's does, scaled by
`teacher_temperature` likewise.

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

def scaled(probabilities, temperature):
    powered = probabilities ** (1 / temperature)
    return powered / powered.sum()

def ask(folder, ids):
    about = json.loads((folder / "model.json").read_text())
    if "threshold" not in about:
        session = onnxruntime.InferenceSession(folder / about["file"])
        return session.run(["probabilities"], {{"input_ids": ids, "attention_mask": np.ones_like(ids)}})[0]
    student = scaled(ask(folder / "student", ids), about["student_temperature"])
    if student.max() >= about["threshold"]:
        return student
    return scaled(ask(folder / "teacher", ids), about["teacher_temperature"])

tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation({length})
probabilities = ask(Path(), np.array([tokenizer.encode("I lost my card").ids]))
print(json.load(open("config.json"))["id2label"][str(probabilities.argmax())])
```
"""


class Exporter(ABC):
    """Turns a bundle into files for another tool."""

    name: ClassVar[str]

    @abstractmethod
    def write(self, bundle: Bundle, into: Path) -> None:
        """Write the files below `into`."""


class Onnx(Exporter):
    """The ONNX graphs as they are served, what joins those of a cascade, tokenizer, labels, a note."""

    name: ClassVar[str] = "onnx"

    def write(self, bundle: Bundle, into: Path) -> None:
        """Copy the files and write USAGE.md."""
        if not any(bundle.model.rglob("*.onnx")):
            raise ConfigError(
                str(bundle.model), "holds no ONNX file", "export a bundle whose winner runs on ONNX Runtime"
            )
        shutil.copytree(bundle.model, into, dirs_exist_ok=True)
        for name in ("tokenizer.json", "config.json"):
            shutil.copyfile(bundle.folder / name, into / name)
        (into / "USAGE.md").write_text(_usage(bundle), encoding="utf-8")


def export(bundle: Bundle, target: str, into: Path) -> Path:
    """Write `bundle` for `target` below `into`, which must be new or empty; returns `into`.

    Raises:
        ConfigError: no such target (the message lists what exists), or `into` is in use.
    """
    exporter: Exporter = EXPORTS.load(target)()
    exporter.write(bundle, _new(into))
    return into


def deploy(bundle: Bundle, target: str, spec: ServeSpec, into: Path) -> Path:
    """Write the files that deploy `bundle`, the bundle itself and trimtab's code into a new or empty folder.

    Raises:
        ConfigError: no such target (the message lists what exists), or `into` is in use.
    """
    files = render(target, bundle, spec)
    shutil.copytree(bundle.folder, _new(into) / "bundle")
    shutil.copytree(Path(trimtab.__file__).parent, into / CODE, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in files.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text, encoding="utf-8")
    return into


def _new(folder: Path) -> Path:
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(str(folder), "exists and is not empty", "name another folder with --into")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _usage(bundle: Bundle) -> str:
    steps = json.loads((bundle.folder / "steps.json").read_text(encoding="utf-8"))
    tokens = next(row["state"] for row in steps if row["step"] == "tokens")
    files = sorted(path.relative_to(bundle.model) for path in bundle.model.rglob("*") if path.is_file())
    return _NOTE.format(
        name=bundle.manifest.get("name", bundle.version),
        files=", ".join(f"`{path.as_posix()}`" for path in files),
        length=tokens["max_length"],
    )
