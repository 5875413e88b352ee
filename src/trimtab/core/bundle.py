"""The bundle: one self-contained, checksummed folder that can be served, watched and audited.

    bundle/
      README.md         model card
      bundle.json       manifest: labels, signature, measurements, proof against the budget
      config.json       id2label and label2id, as Hugging Face tools expect them
      steps.json        learned steps that serving needs (tokenizer.json, steps.npz beside it)
      model/            model.json and the model's files
      profile/          reference profile for drift: profile.json and profile.npz
      checksums.json    SHA-256 of every other file

No pickle anywhere; onnxruntime, tokenizers and NumPy are enough to run it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from trimtab.core.errors import BundleError
from trimtab.core.step import Step, save_steps
from trimtab.core.store import CHECKSUMS, folder_hash, verify_checksums, write_checksums, write_json

FORMAT = 1
MANIFEST = "bundle.json"
MEASURED = (MANIFEST, "README.md", CHECKSUMS)
"""Files that hold measurements, or the sums of such: they do not count in `Bundle.version`."""
NOT_SERVED = ("README.md", "profile")
"""Parts of a bundle that answering a request does not need: they do not count in `served_bytes`."""


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk. `manifest` is the content of bundle.json."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the model's outputs."""
        return tuple(self.manifest["labels"])

    @property
    def version(self) -> str:
        """The first 12 figures of the content hash: names this model everywhere."""
        return str(self.manifest["version"])

    @property
    def model(self) -> Path:
        """The folder of the model."""
        return self.folder / "model"

    def profile(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The reference profile: its JSON facts and its arrays, by name."""
        facts = json.loads((self.folder / "profile" / "profile.json").read_text(encoding="utf-8"))
        arrays = np.load(self.folder / "profile" / "profile.npz", allow_pickle=False)
        return facts, dict(arrays)

    @classmethod
    def open(cls, folder: Path | str, verify: bool = True) -> Self:
        """The bundle in `folder`, its checksums verified.

        Raises:
            BundleError: missing, incomplete, damaged, or of a newer format.
        """
        folder = Path(folder)
        path = folder / MANIFEST
        if not path.is_file():
            problem = "no such folder" if not folder.exists() else f"no {MANIFEST} in it"
            raise BundleError(
                str(folder), f"not a bundle: {problem}", "give the folder that `trimtab run` printed"
            )
        if verify:
            verify_checksums(folder)
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise BundleError(f"{path}:{error.lineno}", "not JSON", "copy the bundle again") from error
        if manifest.get("format") != FORMAT:
            raise BundleError(
                str(path),
                f"bundle format is {manifest.get('format')!r}, this trimtab reads {FORMAT}",
                "install the trimtab that wrote it, or run `trimtab run` again",
            )
        return cls(folder, manifest)


def write_bundle(
    folder: Path,
    model: Path,
    steps: Sequence[Step],
    labels: Sequence[str],
    manifest: Mapping[str, Any],
    profile: tuple[Mapping[str, Any], Mapping[str, np.ndarray]] | None = None,
    card: str = "",
) -> Bundle:
    """Write a bundle: `model` is copied in, only steps that serving needs are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(model, folder / "model", dirs_exist_ok=True)
    save_steps([step for step in steps if not step.train_only], folder)
    numbered = dict(enumerate(labels))
    write_json(
        folder / "config.json",
        {"id2label": numbered, "label2id": {label: at for at, label in numbered.items()}},
    )
    if profile is not None:
        (folder / "profile").mkdir(exist_ok=True)
        write_json(folder / "profile" / "profile.json", profile[0])
        np.savez(folder / "profile" / "profile.npz", allow_pickle=False, **profile[1])
    (folder / "README.md").write_text(card, encoding="utf-8")
    version = folder_hash(folder, leave_out=MEASURED)[:12]
    write_json(folder / MANIFEST, {"format": FORMAT, "version": version, "labels": list(labels), **manifest})
    write_checksums(folder)
    return Bundle.open(folder, verify=False)


def served_bytes(folder: Path) -> int:
    """Bytes of the files that answering a request needs: all but the card and the drift profile."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in NOT_SERVED
    )
