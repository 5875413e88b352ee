"""Splits as a folder, byte for byte the same for the same splits.

splits/
  splits.json       labels, column names, parts
  train/ valid/ test/   rows.parquet, ids.npy, batch.json
  steps.json        learned steps (steps.npz and own files beside it)
  dropped/SPLIT/    dropped rows: Parquet files of step, id, reason, row, numbered in the order they went
  facts.json        plain numbers for the report
"""

from __future__ import annotations

import json
from pathlib import Path

from trimtab.core.dropped import Dropped
from trimtab.core.objects import Batch, Splits
from trimtab.core.registry import Registry
from trimtab.core.step import load_steps, save_steps
from trimtab.core.store import write_json

SPLITS = "splits.json"
DROPPED = "dropped"
FACTS = "facts.json"


def save_splits(splits: Splits, folder: Path) -> None:
    """Write the splits into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, batch in splits.parts().items():
        batch.save(folder / name)
    save_steps(splits.steps, folder)
    for part, dropped in splits.dropped.items():
        dropped.save(folder / DROPPED / part)
    write_json(folder / FACTS, splits.facts)
    about = {
        "text": splits.text,
        "label": splits.label,
        "labels": splits.labels,
        "parts": list(splits.parts()),
    }
    write_json(folder / SPLITS, about)


def load_splits(folder: Path, *registries: Registry) -> Splits:
    """The splits that `save_splits` wrote; steps are looked up in the registries in turn."""
    about = json.loads((folder / SPLITS).read_text(encoding="utf-8"))
    parts = {name: Batch.load(folder / name) for name in about["parts"]}
    return Splits(
        train=parts["train"],
        valid=parts["valid"],
        test=parts.get("test"),
        steps=load_steps(folder, *registries),
        labels=tuple(about["labels"]),
        text=about["text"],
        label=about["label"],
        dropped={part: Dropped.load(folder / DROPPED / part) for part in parts},
        facts=json.loads((folder / FACTS).read_text(encoding="utf-8")),
    )
