"""The stages that ship: the test set, once; the bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.compress.job import answers_of
from trimtab.core.budget import GATE_LEVEL
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.measure import Paired, bootstrap, paired_drop
from trimtab.core.objects import Candidate, Splits
from trimtab.core.store import Stage, folder_hash, value_hash
from trimtab.features.feature import served
from trimtab.loop.card import model_card
from trimtab.loop.learning import examples
from trimtab.loop.shrinking import REFERENCE
from trimtab.loop.stages import Workshop
from trimtab.monitor.profile import index_positions, reference_profile
from trimtab.runtime.base import open_model

Touch = Callable[[str], int]
"""Notes a look at the test rows by the hash of what they are asked; returns which look it is, from 1."""


@dataclass(frozen=True)
class Tested:
    """Answers on the rows that judge last: class numbers (rows,) by candidate, and the truth (rows,).

    `part` is `test`, or `valid` where the spec names no test file. `look` is which look at these test rows
    it was, from 1: only before the first was no choice made that they could have led.
    """

    part: str
    answers: Mapping[str, np.ndarray]
    truth: np.ndarray
    look: int | None

    def right(self, name: str) -> np.ndarray:
        """Whether each row was answered right: booleans (rows,)."""
        return np.asarray(self.answers[name] == self.truth)

    def accuracy(self, name: str) -> dict[str, float]:
        """Accuracy with its bootstrap interval."""
        found = bootstrap(self.right(name).astype(float))
        return {"accuracy": found.value, "accuracy_low": found.low, "accuracy_high": found.high}

    def drop(self, name: str) -> Paired:
        """Accuracy given up against the uncompressed model, on the same rows."""
        return paired_drop(self.right(REFERENCE), self.right(name), level=GATE_LEVEL)


def test_stage(
    shop: Workshop,
    candidates: Sequence[Candidate],
    winner: str | None,
    rows: Splits,
    rows_hash: str,
    touch: Touch,
) -> tuple[Tested, float]:
    """Have the measured candidates answer the test rows, once, after every choice was made.

    The look is noted before it is taken, so that a kill hides none.
    """
    part = "test" if rows.test is not None else "valid"
    inputs = {
        "rows": rows_hash,
        "winner": winner,
        "part": part,
        "candidates": {each.name: folder_hash(each.folder) for each in candidates},
    }
    look = touch(value_hash(inputs)) if part == "test" else None

    def make(folder: Path) -> None:
        asked = examples(rows, part)
        answers = {each.name: answers_of(each.folder, asked).argmax(axis=1) for each in candidates}
        np.savez(folder / "answers.npz", truth=asked.truth, **answers)

    stage = shop.stage("test", inputs, make)
    if look is not None:
        shop.tell({"event": "touched", "stage": "test", "look": look})
    stored = dict(np.load(stage.folder / "answers.npz", allow_pickle=False))
    truth = stored.pop("truth")
    return Tested(part, stored, truth, look), stage.seconds


def bundle_stage(
    shop: Workshop, winner: Candidate, rows: Splits, rows_hash: str, manifest: Mapping[str, Any]
) -> tuple[Bundle, Stage]:
    """The winner as a bundle: model, learned steps, reference profile, proof, card."""
    inputs = {"rows": rows_hash, "winner": folder_hash(winner.folder), "proof": manifest}

    def make(folder: Path) -> None:
        profile = _profile(winner, rows, shop.spec.seed)
        write_bundle(
            folder,
            winner.folder,
            served(rows.steps),
            rows.labels,
            manifest,
            profile,
            model_card(manifest, rows),
        )

    stage = shop.stage("bundle", inputs, make)
    return Bundle.open(stage.folder), stage


def _profile(winner: Candidate, rows: Splits, seed: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    model = open_model(winner.folder)
    tokens = rows.train["tokens"].to_list()
    train = model([tokens[at] for at in index_positions(len(tokens))], embed=True)
    valid = model(rows.valid["tokens"].to_list(), embed=True)
    if train.embedding is None:
        raise TypeError(f"the runtime of '{winner.name}' gave no embedding")
    return reference_profile(train.embedding, rows.valid[rows.text].to_list(), valid, rows.labels, seed=seed)
