"""Projects that benchmarks and tests run: the full example, and a small one that takes seconds."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import torch
from transformers import BertConfig, BertModel
from transformers.utils import logging as transformers_logging

from trimtab.core.hub import model_folder

CLASSES = 6

transformers_logging.disable_progress_bar()


def banking77() -> Path:
    """The folder of the Banking77 data that ship with trimtab."""
    return Path(str(files("trimtab"))) / "examples" / "banking77" / "data"


def small_encoder(folder: Path) -> Path:
    """A BERT of 2 layers and 32 wide with random weights, saved as Hugging Face saves models."""
    source = model_folder("minilm")
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    return folder


def small_project(folder: Path, **sections: object) -> Path:
    """A project on six intents of Banking77 with the small encoder; returns its trimtab.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    small_encoder(folder / "encoder")
    _few(banking77() / "train.csv", folder / "train.csv")
    _few(banking77() / "test.csv", folder / "test.csv")
    spec = {
        "version": 1,
        "task": "text-classification",
        "data": {
            "train": "train.csv",
            "test": "test.csv",
            "text": "text",
            "label": "category",
            "validation": 0.2,
        },
        "clean": ["drop_duplicates", {"near_duplicates": {"similarity": 0.9}}, {"impute": {}}],
        "model": {"families": [str(folder / "encoder")], "fit": {"epochs": 2, "learning_rate": 2e-3}},
        "budget": {"accuracy_drop": "20pt", "latency_p99": "1s", "size": "100MB"},
        **sections,
    }
    path = folder / "trimtab.yaml"
    path.write_text(json.dumps(spec, indent=1), encoding="utf-8")  # JSON is YAML
    return path


def few_rows(source: Path) -> list[tuple[str, str]]:
    """Text and label of the rows of a file of Banking77 that belong to its first six intents."""
    with source.open(encoding="utf-8", newline="") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    chosen = sorted({label for _, label in rows})[:CLASSES]
    return [row for row in rows if row[1] in chosen]


def _few(source: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "category"), *few_rows(source)])
