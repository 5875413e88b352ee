"""Small networks and rows that learn in a second: what the suites of models and compress share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from parts.projects import small_encoder
from trimtab.models.batches import Examples, one_hot
from trimtab.models.pretrained import Pretrained
from trimtab.models.vocabulary import Start

CLASSES = 3
FIRST, LAST, VOCABULARY = 101, 102, 30522


def rows(n: int, seed: int = 0) -> Examples:
    """Rows whose class is told by which of three groups of tokens is most frequent in them."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(CLASSES, size=n)
    tokens = []
    for label in truth:
        own = 1000 + 50 * int(label) + rng.integers(40, size=int(rng.integers(3, 9)))
        noise = 1000 + rng.integers(150, size=2)
        tokens.append([FIRST, *rng.permutation(np.concatenate([own, noise])).tolist(), LAST])
    return Examples(tokens, one_hot(truth, CLASSES), truth)


def small_family(name: str, folder: Path):
    """The family registered as `name`, small enough for a test."""
    from trimtab.models import FAMILIES

    kind = FAMILIES.load(name)
    if issubclass(kind, Pretrained):
        return kind(small_encoder(folder / "encoder"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        table = torch.randn(VOCABULARY, 16)
    return kind(Start.of(table, rows(200).tokens))


def compressed(folder: Path):
    """Every candidate of a small trained encoder, what it was trained to, and validation rows."""
    from trimtab.compress import COMPRESSORS
    from trimtab.compress.job import Job
    from trimtab.core.objects import Trained
    from trimtab.models.family import save_network
    from trimtab.models.fit import fit

    family = small_family("minilm", folder)
    network = family.build(family.blueprint(CLASSES, 0.1), fresh=True)
    train, valid = rows(300), rows(200, seed=1)
    settings = family.defaults.override({"epochs": 8, "batch_size": 16, "learning_rate": 5e-3})
    fit(network, train, valid, settings, 0)
    save_network(network, family.blueprint(CLASSES, 0.1), folder / "trained")
    trained = Trained(folder / "trained", "minilm", tuple("abc"), 0.9, 0.8, 1.0)
    found = {}
    for name in ("torch", "fp32", "int8", "student", "cascade"):
        (folder / name).mkdir()
        job = Job(trained, train, valid, found, seed=0, drop=0.1)
        found |= {each.name: each for each in COMPRESSORS.load(name)().compress(job, folder / name)}
    return found, trained, valid
