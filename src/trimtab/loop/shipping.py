"""The stages that ship: the test set, once; the bundle; the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.compress.job import answers_of
from trimtab.core.budget import GATE_LEVEL
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.measure import Paired, bootstrap, paired_drop
from trimtab.core.objects import Candidate, Splits
from trimtab.core.releases import Releases
from trimtab.core.store import Stage, folder_hash
from trimtab.loop.card import model_card
from trimtab.loop.learning import examples
from trimtab.loop.shrinking import REFERENCE
from trimtab.loop.stages import Workshop
from trimtab.monitor.profile import index_positions, reference_profile
from trimtab.runtime.base import open_model
from trimtab.runtime.predict import load


@dataclass(frozen=True)
class Tested:
    """Answers on the rows that judge last: class numbers (rows,) by candidate, and the truth (rows,).

    `part` is `test`, or `valid` where the spec names no test file.
    """

    part: str
    answers: Mapping[str, np.ndarray]
    truth: np.ndarray

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
    shop: Workshop, candidates: Sequence[Candidate], winner: str | None, rows: Splits, rows_hash: str
) -> tuple[Tested, float]:
    """Have the measured candidates answer the test rows, once, after every choice was made."""
    part = "test" if rows.test is not None else "valid"
    inputs = {
        "rows": rows_hash,
        "winner": winner,
        "part": part,
        "candidates": {each.name: folder_hash(each.folder) for each in candidates},
    }

    def make(folder: Path) -> None:
        asked = examples(rows, part)
        answers = {each.name: answers_of(each.folder, asked).argmax(axis=1) for each in candidates}
        np.savez(folder / "answers.npz", truth=asked.truth, **answers)

    stage = shop.stage("test", inputs, make)
    stored = dict(np.load(stage.folder / "answers.npz", allow_pickle=False))
    truth = stored.pop("truth")
    return Tested(part, stored, truth), stage.seconds


def bundle_stage(
    shop: Workshop, winner: Candidate, rows: Splits, rows_hash: str, manifest: Mapping[str, Any]
) -> tuple[Bundle, Stage]:
    """The winner as a bundle: model, learned steps, reference profile, proof, card."""
    inputs = {"rows": rows_hash, "winner": folder_hash(winner.folder), "proof": manifest}

    def make(folder: Path) -> None:
        profile = _profile(winner, rows, shop.spec.seed)
        write_bundle(
            folder, winner.folder, rows.steps, rows.labels, manifest, profile, model_card(manifest, rows)
        )

    stage = shop.stage("bundle", inputs, make)
    return Bundle.open(stage.folder), stage


def release(
    bundle: Bundle, rows: Splits, releases: Releases, run: str, allowed: float | None
) -> dict[str, Any]:
    """Register the bundle, and promote it when the evidence suffices; else it becomes the challenger.

    `allowed` is the accuracy (share of one) that may be given up against the champion: the upper bound of
    the paired drop must stay within it. A version that was rolled back is not promoted again by itself.
    """
    facts = {"run": run, "name": bundle.manifest["name"], "measured": bundle.manifest["measured"]}
    releases.register(bundle.version, bundle.folder, facts)
    champion = releases.alias("champion")
    if champion is None:
        releases.promote(bundle.version, {"why": "the first version", "run": run})
        return {"action": "promote", "why": "the first version"}
    if champion[0] == bundle.version:
        return {"action": "keep", "why": "it is the champion already"}
    if _rolled_back(bundle.version, releases):
        return {"action": "keep", "why": "it was rolled back; `trimtab promote` brings it back by hand"}
    finding = _against_champion(bundle, champion[1], rows, allowed or 0.0)
    if not finding["enough"]:
        releases.challenge(bundle.version, finding)
        return {"action": "challenge", **finding}
    releases.promote(bundle.version, finding)
    return {"action": "promote", **finding}


def _rolled_back(version: str, releases: Releases) -> bool:
    """Whether the last promotion or rollback that concerned a version took it away from the champion."""
    moves = [entry for entry in releases.history() if entry.action in ("promote", "rollback")]
    own = [entry for entry in moves if version in (entry.version, entry.body.get("replaces"))]
    return bool(own) and own[-1].action == "rollback" and own[-1].body.get("replaces") == version


def _against_champion(bundle: Bundle, champion: Path, rows: Splits, allowed: float) -> dict[str, Any]:
    """Both versions on this run's validation rows: is the new one no worse than allowed?"""
    texts = rows.valid[rows.text].to_list()
    truth = np.array(rows.valid[rows.label].to_list())
    old, new = (np.array(load(folder).predict(texts)) == truth for folder in (champion, bundle.folder))
    found = paired_drop(old, new, level=GATE_LEVEL)
    why = (
        f"against the champion accuracy drops by at most {found.high:.2%} (one-sided 95 % bound on "
        f"{found.rows} validation rows, seen: {found.drop:+.2%}); {allowed:.2%} is allowed"
    )
    return {"enough": found.high <= allowed, "why": why, **asdict(found)}


def _profile(winner: Candidate, rows: Splits, seed: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    model = open_model(winner.folder)
    tokens = rows.train["tokens"].to_list()
    train = model([tokens[at] for at in index_positions(len(tokens))], embed=True)
    valid = model(rows.valid["tokens"].to_list(), embed=True)
    if train.embedding is None:
        raise TypeError(f"the runtime of '{winner.name}' gave no embedding")
    return reference_profile(train.embedding, rows.valid[rows.text].to_list(), valid, rows.labels, seed=seed)
