"""What can be served and asked: the candidates of a finished run, or of a small training made on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from parts.projects import banking77, few_rows, small_encoder
from trimtab.compress import AUTO, COMPRESSORS
from trimtab.compress.job import Job
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.objects import Candidate, Trained
from trimtab.core.splits import load_splits
from trimtab.core.step import Step
from trimtab.core.store import folder_hash
from trimtab.data import STEPS
from trimtab.features import FEATURES
from trimtab.features.tokens import Tokens
from trimtab.models.batches import Examples, one_hot
from trimtab.models.family import save_network
from trimtab.models.fit import fit
from trimtab.models.pretrained import Pretrained

VALID_EVERY = 4
SETTINGS = {"epochs": 6, "batch_size": 16, "learning_rate": 5e-3}
"""Of the training loop: they suit an encoder that has seen nothing yet."""


@dataclass(frozen=True)
class Subject:
    """A trained model, its candidates (folders by name), and texts with their true labels to ask them.

    `deployed` is the bundle that the budgets chose, if any; `run` names the run in which they did.
    """

    trained: Path
    candidates: Mapping[str, Path]
    steps: Sequence[Step]
    labels: Sequence[str]
    texts: list[str] = field(repr=False)
    truth: list[str] = field(repr=False)
    deployed: Path | None
    run: str | None = None

    def facts(self) -> dict[str, Any]:
        """The run's name, and version and hashes of what it deployed: the bundle, and its model alone."""
        if self.deployed is None:
            return {"run": self.run}
        bundle = Bundle.open(self.deployed)
        hashes = {"bundle": folder_hash(bundle.folder), "model": folder_hash(bundle.model)}
        return {"run": self.run, "version": bundle.version, **hashes}


def of_run(result: Mapping[str, Any]) -> Subject:
    """The subject of a run, from the object that stands in its result.json."""
    folders = {name: Path(folder) for name, folder in result["folders"].items()}
    rows = load_splits(folders["features"], STEPS, FEATURES)
    part = rows.test if rows.test is not None else rows.valid
    return Subject(
        trained=folders["train"],
        candidates={each["name"]: Path(each["folder"]) for each in result["candidates"]},
        steps=rows.steps,
        labels=rows.labels,
        texts=part[rows.text].to_list(),
        truth=part[rows.label].to_list(),
        deployed=Path(result["bundle"]) if result["bundle"] else None,
        run=Path(result["report"]).parent.name,
    )


def train_here(folder: Path) -> Subject:
    """Train on six intents of Banking77, compress in every way, and deploy the cascade, unmeasured.

    The teacher is a BERT of 2 layers that learns in seconds.
    """
    family = Pretrained(small_encoder(folder / "encoder"))
    tokens = Tokens(tokenizer=family.tokenizer())
    rows = few_rows(banking77() / "train.csv")
    labels = sorted({label for _, label in rows})
    valid = rows[::VALID_EVERY]
    train = [row for at, row in enumerate(rows) if at % VALID_EVERY]
    parts = [_examples(part, tokens, labels) for part in (train, valid)]
    made = _candidates(family, *parts, labels, folder)
    candidates = {name: each.folder for name, each in made.items()}
    bundle = write_bundle(
        folder / "bundle", candidates["cascade"], [tokens], labels, {"name": "cascade"}
    ).folder
    test = few_rows(banking77() / "test.csv")
    texts, truth = [text for text, _ in test], [label for _, label in test]
    return Subject(folder / "trained", candidates, [tokens], labels, texts, truth, bundle)


def _candidates(
    family: Pretrained,
    train: Examples,
    valid: Examples,
    labels: Sequence[str],
    folder: Path,
) -> dict[str, Candidate]:
    """Every candidate by name; the trained network is kept below `folder`."""
    fitting = family.defaults.override(SETTINGS)
    blueprint = family.blueprint(len(labels), fitting.dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = family.build(blueprint, fresh=True)
    score = fit(network, train, valid, fitting, 0).score
    save_network(network, blueprint, folder / "trained")
    trained = Trained(folder / "trained", "pretrained", tuple(labels), score, 0.0, 1.0)
    trained.save()
    made: dict[str, Candidate] = {}
    for name in AUTO:
        (folder / name).mkdir()
        job = Job(trained, train, valid, made, seed=0, drop=0.1)
        made |= {each.name: each for each in COMPRESSORS.load(name)().compress(job, folder / name)}
    return made


def _examples(rows: Sequence[tuple[str, str]], tokens: Tokens, labels: Sequence[str]) -> Examples:
    truth = np.array([labels.index(label) for _, label in rows])
    return Examples(tokens.rows([text for text, _ in rows]), one_hot(truth, len(labels)), truth)
