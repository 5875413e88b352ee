"""A small project on disk: a spec and data that say something, and a registry with a real bundle."""

from __future__ import annotations

from pathlib import Path

from tiny import tiny_bundle
from trimtab.core.releases import Releases

SPEC = """\
version: 1
task: text-classification
data: {train: train.csv, test: test.csv, text: text, label: label}
clean: [{drop_duplicates: {}}, {near_duplicates: {similarity: 0.9}}]
model: {families: [textcnn]}
budget: {accuracy_drop: 0.5pt, latency_p99: 15ms, size: 25MB}
"""
WORDS = {"card": ("lost", "stolen", "broken"), "cash": ("atm", "withdraw", "notes")}


def write_project(folder: Path) -> Path:
    """`trimtab.yaml`, `train.csv` and `test.csv` below `folder`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trimtab.yaml").write_text(SPEC)
    for name, verbs in (("train", ("is", "was")), ("test", ("got",))):
        rows = [
            f"my {label} {verb} {word} number {number},{label}"
            for label, words in WORDS.items()
            for word in words
            for verb in verbs
            for number in range(10)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    return folder


def write_registry(folder: Path, versions: int = 1) -> list[str]:
    """`.trimtab/registry.db` with bundles, the last one champion; returns their versions."""
    releases = Releases(folder / ".trimtab" / "registry.db")
    names = []
    for seed in range(versions):
        bundle = tiny_bundle(folder / ".trimtab" / f"bundle{seed}", seed)
        releases.register(bundle.version, bundle.folder, {"name": "tiny"})
        releases.promote(bundle.version, {"why": "a test"})
        names.append(bundle.version)
    releases.close()
    return names
