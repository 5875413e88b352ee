"""The stages that ship: the test set, once; the bundle; the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.compress.job import answers_of
from trimtab.core.budget import GATE_LEVEL
from trimtab.core.bundle import MEASURED, Bundle, write_bundle
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
    shop: Workshop, candidates: Sequence[Candidate], winner: str | None, rows: Splits
) -> tuple[Tested, float]:
    """Answer the test rows, once, after every choice was made."""
    part = "test" if rows.test is not None else "valid"
    fit = [each for each in candidates if each.measured is not None]
    inputs = {
        "winner": winner,
        "part": part,
        "candidates": {each.name: folder_hash(each.folder) for each in fit},
    }

    def make(folder: Path) -> None:
        asked = examples(rows, part)
        answers = {each.name: answers_of(each.folder, asked).argmax(axis=1) for each in fit}
        np.savez(folder / "answers.npz", truth=asked.truth, **answers)

    stage = shop.stage("test", inputs, make)
    stored = dict(np.load(stage.folder / "answers.npz", allow_pickle=False))
    truth = stored.pop("truth")
    return Tested(part, stored, truth), stage.seconds


def bundle_stage(
    shop: Workshop, winner: Candidate, rows: Splits, manifest: Mapping[str, Any]
) -> tuple[Bundle, Stage]:
    """The winner as a bundle: model, learned steps, reference profile, proof, card."""
    inputs = {"winner": folder_hash(winner.folder), "proof": manifest}

    def make(folder: Path) -> None:
        profile = _profile(winner, rows, shop.spec.seed)
        write_bundle(
            folder, winner.folder, rows.steps, rows.labels, manifest, profile, model_card(manifest, rows)
        )

    stage = shop.stage("bundle", inputs, make, leave_out=MEASURED)
    return Bundle.open(stage.folder), stage


def release(bundle: Bundle, rows: Splits, releases: Releases, run: str) -> dict[str, Any]:
    """Register the bundle; promote it unless it is worse than the champion on the same rows."""
    facts = {"run": run, "name": bundle.manifest["name"], "measured": bundle.manifest["measured"]}
    releases.register(bundle.version, bundle.folder, facts)
    champion = releases.alias("champion")
    if champion is None:
        releases.promote(bundle.version, {"why": "the first version", "run": run})
        return {"action": "promote", "why": "the first version"}
    if champion[0] == bundle.version:
        return {"action": "keep", "why": "it is the champion already"}
    finding = _against_champion(bundle, champion[1], rows)
    if finding["worse"]:
        releases.challenge(bundle.version, finding)
        return {"action": "challenge", **finding}
    releases.promote(bundle.version, finding)
    return {"action": "promote", **finding}


def _against_champion(bundle: Bundle, champion: Path, rows: Splits) -> dict[str, Any]:
    """Both versions on this run's validation rows: worse only if the paired test says so."""
    from trimtab.runtime.predict import load

    texts = rows.valid[rows.text].to_list()
    truth = np.array(rows.valid[rows.label].to_list())
    old, new = (np.array(load(folder).predict(texts)) == truth for folder in (champion, bundle.folder))
    found = paired_drop(old, new)
    worse = found.low > 0
    why = (
        f"accuracy {'falls' if found.drop > 0 else 'rises'} by {abs(found.drop):.2%} against the champion on "
        f"{found.rows} validation rows (95 % interval of the drop {found.low:+.2%} to {found.high:+.2%})"
    )
    return {"worse": worse, "why": why, **asdict(found)}


def _profile(winner: Candidate, rows: Splits, seed: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    model = open_model(winner.folder)
    tokens = rows.train["tokens"].to_list()
    train = model([tokens[at] for at in index_positions(len(tokens))], embed=True)
    valid = model(rows.valid["tokens"].to_list(), embed=True)
    if train.embedding is None:
        raise TypeError(f"the runtime of '{winner.name}' gave no embedding")
    return reference_profile(train.embedding, rows.valid[rows.text].to_list(), valid, rows.labels, seed=seed)
