"""The stages that make the model cheaper, and judge what that cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.compress import AUTO, COMPRESSORS
from trimtab.compress.job import Compressor, Job
from trimtab.core.budget import Verdict, choose
from trimtab.core.gate import level_of
from trimtab.core.measure import Paired, paired_drop
from trimtab.core.objects import Candidate, Splits
from trimtab.core.store import Stage, folder_hash, write_json
from trimtab.loop.learning import Learnt, examples
from trimtab.loop.measuring import Measured
from trimtab.loop.stages import Workshop

REFERENCE = "torch-fp32"


@dataclass(frozen=True)
class Shrunk:
    """All candidates measured, their paired accuracy drops on validation rows, and the verdict."""

    candidates: tuple[Candidate, ...]
    drops: Mapping[str, Paired]
    verdict: Verdict
    latencies: Mapping[str, np.ndarray]
    seconds: Mapping[str, float]


def compressor_names(spec: Any) -> tuple[str, ...]:
    """The compressors to run, the uncompressed model first: everything is measured against it."""
    if spec.compress == "auto":
        return AUTO
    return ("torch", *(name for name in spec.compress if name != "torch"))


def compress_stage(shop: Workshop, learnt: Learnt, rows: Splits) -> tuple[tuple[Candidate, ...], float]:
    """Every candidate, unmeasured, and the seconds it took to make them."""
    made: dict[str, Candidate] = {}
    seconds = 0.0
    drop, seed = shop.spec.budget.accuracy_drop, shop.spec.seed
    whole = Job(
        learnt.trained,
        examples(rows, "train"),
        examples(rows, "valid"),
        made,
        seed,
        1.0 if drop is None else drop,
    )
    for name in compressor_names(shop.spec):
        compressor: Compressor = COMPRESSORS.load(name, place="compress")()
        if lacks := _lacks(compressor, made):
            shop.tell({"event": "skipped", "stage": name, "why": lacks})
            continue
        inputs = {
            "trained": learnt.stage.hash,
            "made": {need: folder_hash(made[need].folder) for need in compressor.needs},
            "drop": drop,
            "seed": seed,
        }
        sound = {each.name: each for each in made.values() if not each.refused}
        job = replace(whole, made=sound, tell=shop.progress(name))

        def make(folder: Path, compressor: Compressor = compressor, job: Job = job) -> None:
            _save(compressor.compress(job, folder), folder)

        stage = shop.stage(f"compress-{name}", inputs, make)
        made |= {each.name: each for each in _load(stage)}
        seconds += stage.seconds
    return tuple(made.values()), seconds


def _lacks(compressor: Compressor, made: Mapping[str, Candidate]) -> str:
    """What a compressor would start from and is not there, or was refused; empty if it can start."""
    missing = [f"there is no {need}" for need in compressor.needs if need not in made]
    refused = [f"{need} was refused" for need in compressor.needs if need in made and made[need].refused]
    return ", ".join(missing + refused)


def judge(
    shop: Workshop, measured: Sequence[Measured], truth: np.ndarray
) -> tuple[dict[str, Paired], Verdict]:
    """Paired accuracy drops on the validation rows (class numbers `truth`), and what the budgets say."""
    right = {each.candidate.name: each.answers == truth for each in measured}
    drops = {
        each.candidate.name: paired_drop(
            right[REFERENCE], right[each.candidate.name], level_of(each.candidate.distance)
        )
        for each in measured
    }
    cheaper = [each.candidate for each in measured if each.candidate.name != REFERENCE]
    return drops, choose(cheaper, drops, shop.spec.budget)


def _save(candidates: Sequence[Candidate], folder: Path) -> None:
    body = [asdict(each) | {"folder": each.folder.name} for each in candidates]
    write_json(folder / "candidates.json", body)


def _load(stage: Stage) -> list[Candidate]:
    body = json.loads((stage.folder / "candidates.json").read_text(encoding="utf-8"))
    share = stage.seconds / max(1, len(body))
    return [Candidate(**row | {"folder": stage.folder / row["folder"], "seconds": share}) for row in body]
