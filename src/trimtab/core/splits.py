"""Splits as a folder, byte for byte the same for the same splits.

splits/
  splits.json       labels, column names, parts
  train/ valid/ test/   rows.parquet, ids.npy, batch.json
  steps.json        learned steps (steps.npz and own files beside it)
  dropped.jsonl     one line a dropped row: split, id, step, reason, row
  facts.json        plain numbers for the report
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from trimtab.core.objects import Batch, Drop, Splits
from trimtab.core.registry import Registry
from trimtab.core.step import load_steps, save_steps
from trimtab.core.store import write_json

SPLITS = "splits.json"
DROPPED = "dropped.jsonl"
FACTS = "facts.json"


def save_splits(splits: Splits, folder: Path) -> None:
    """Write the splits into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, batch in splits.parts().items():
        batch.save(folder / name)
    save_steps(splits.steps, folder)
    write_dropped(splits.dropped, folder / DROPPED)
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
        dropped=read_dropped(folder / DROPPED),
        facts=json.loads((folder / FACTS).read_text(encoding="utf-8")),
    )


def write_dropped(dropped: Mapping[str, tuple[Drop, ...]], path: Path) -> None:
    """Write one JSON line for each dropped row."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for part, drops in dropped.items():
            for drop in drops:
                line = {
                    "split": part,
                    "id": drop.id,
                    "step": drop.step,
                    "reason": drop.reason,
                    "row": drop.row,
                }
                stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def read_dropped(path: Path) -> dict[str, tuple[Drop, ...]]:
    """The dropped rows by split, as `write_dropped` wrote them; splits that lost none are left out."""
    found: dict[str, list[Drop]] = {}
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            found.setdefault(row.pop("split"), []).append(Drop(**row))
    return {part: tuple(drops) for part, drops in found.items()}
