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
{cascade}
```python
import json
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation({length})
session = onnxruntime.InferenceSession("{graph}")
ids = np.array([tokenizer.encode("I lost my card").ids])
probabilities = session.run(["probabilities"], {{"input_ids": ids, "attention_mask": np.ones_like(ids)}})[0]
print(json.load(open("config.json"))["id2label"][str(probabilities.argmax())])
```
"""
_CASCADE = """
This is a cascade: raise the probabilities of `student/` to the power 1/{student_temperature:g} and scale
them to sum to one; the student's answer stands where the largest is at least {threshold:g}. Else `teacher/`
answers.
"""


class Exporter(ABC):
    """Turns a bundle into files for another tool."""

    name: ClassVar[str]

    @abstractmethod
    def write(self, bundle: Bundle, into: Path) -> None:
        """Write the files below `into`."""


class Onnx(Exporter):
    """The ONNX graphs as they are served, the tokenizer, the labels, and how to use them."""

    name: ClassVar[str] = "onnx"

    def write(self, bundle: Bundle, into: Path) -> None:
        """Copy the files and write USAGE.md."""
        graphs = sorted(bundle.model.rglob("*.onnx"))
        if not graphs:
            raise ConfigError(
                str(bundle.model), "holds no ONNX file", "export a bundle whose winner runs on ONNX Runtime"
            )
        names = [graph.relative_to(bundle.model).as_posix() for graph in graphs]
        for graph, name in zip(graphs, names, strict=True):
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(graph, into / name)
        for name in ("tokenizer.json", "config.json"):
            shutil.copyfile(bundle.folder / name, into / name)
        (into / "USAGE.md").write_text(_usage(bundle, names), encoding="utf-8")


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


def _usage(bundle: Bundle, names: list[str]) -> str:
    config = json.loads((bundle.model / "model.json").read_text(encoding="utf-8"))
    steps = json.loads((bundle.folder / "steps.json").read_text(encoding="utf-8"))
    tokens = next(row["state"] for row in steps if row["step"] == "tokens")
    return _NOTE.format(
        name=bundle.manifest.get("name", bundle.version),
        files=", ".join(f"`{name}`" for name in names),
        graph=names[-1],
        length=tokens["max_length"],
        cascade=_CASCADE.format(**config) if "threshold" in config else "",
    )
