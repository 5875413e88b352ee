"""The stages that make the model cheaper, and measure what that cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trimtab.compress import AUTO, COMPRESSORS
from trimtab.compress.job import Compressor, Job, answers_of
from trimtab.core import machine
from trimtab.core.budget import Verdict, choose
from trimtab.core.bundle import served_bytes, write_bundle
from trimtab.core.errors import ConfigError, GateFailed
from trimtab.core.gate import level_of
from trimtab.core.measure import Paired, bootstrap, paired_drop, quantile_interval
from trimtab.core.objects import Candidate, Measurement, Splits
from trimtab.core.store import Stage, folder_hash, write_json
from trimtab.loop.learning import Learnt, examples
from trimtab.loop.stages import Workshop
from trimtab.serve.load import LoadResult, drive, start_server

REFERENCE = "torch-fp32"
LATENCY_REQUESTS = 2000
"""Enough for a p99 whose interval does not end at the largest sample."""
LATENCY_SECONDS = 20.0
THROUGHPUT_SECONDS = 3.0
THROUGHPUT_CONCURRENCY = 32


@dataclass(frozen=True)
class Shrunk:
    """All candidates measured, their paired accuracy drops on validation rows, and the verdict."""

    candidates: tuple[Candidate, ...]
    drops: Mapping[str, Paired]
    verdict: Verdict
    latencies: Mapping[str, np.ndarray]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Measured:
    """A candidate with its measurement, and what that was made of.

    `latencies` (requests,) are those of one client, in ms; `answers` (validation rows,) are class numbers.
    """

    candidate: Candidate
    latencies: np.ndarray
    answers: np.ndarray


def compressor_names(spec: Any) -> tuple[str, ...]:
    """The compressors to run, the uncompressed model first: everything is measured against it."""
    if spec.compress == "auto":
        return AUTO
    return ("torch", *(name for name in spec.compress if name != "torch"))


def compress_stage(shop: Workshop, learnt: Learnt, rows: Splits) -> tuple[tuple[Candidate, ...], float]:
    """Every candidate, unmeasured, and the seconds it took to make them."""
    made: dict[str, Candidate] = {}
    seconds = 0.0
    train, valid = examples(rows, "train"), examples(rows, "valid")
    drop = shop.spec.budget.accuracy_drop
    for name in compressor_names(shop.spec):
        compressor: Compressor = COMPRESSORS.load(name, place="compress")()
        missing = [need for need in compressor.needs if need not in made]
        if missing and shop.spec.compress == "auto":
            shop.tell({"event": "skipped", "stage": name, "why": f"it needs {', '.join(missing)}"})
            continue
        if missing:
            raise ConfigError(
                "compress",
                f"'{name}' needs {', '.join(missing)}",
                f"list what makes them before it: {', '.join(AUTO)}",
            )
        inputs = {
            "trained": learnt.stage.hash,
            "made": {need: folder_hash(made[need].folder) for need in compressor.needs},
            "drop": drop,
            "seed": shop.spec.seed,
        }
        job = Job(
            learnt.trained,
            train,
            valid,
            made,
            shop.spec.seed,
            1.0 if drop is None else drop,
            tell=shop.progress(name),
        )

        def make(folder: Path, compressor: Compressor = compressor, job: Job = job) -> None:
            _save(compressor.compress(job, folder), folder)

        stage = shop.stage(f"compress-{name}", inputs, make)
        found = _load(stage)
        made |= {each.name: each for each in found}
        seconds += stage.seconds
    return tuple(made.values()), seconds


def measure_stage(
    shop: Workshop, candidates: Sequence[Candidate], rows: Splits, rows_hash: str
) -> tuple[tuple[Measured, ...], float]:
    """Each candidate that is not refused, behind the real server; and the seconds all that took."""
    measured, seconds = [], 0.0
    box = {"cpu": machine.cpu_name(), "threads": machine.threads()}
    for candidate in candidates:
        if candidate.refused:
            continue
        inputs = {
            "rows": rows_hash,
            "candidate": folder_hash(candidate.folder),
            "name": candidate.name,
            **box,
        }

        def make(folder: Path, candidate: Candidate = candidate) -> None:
            _measure(candidate, rows, folder)

        stage = shop.stage("measure", inputs, make)
        facts = json.loads((stage.folder / "measured.json").read_text(encoding="utf-8"))
        latencies, answers = (np.load(stage.folder / f"{name}.npy") for name in ("latencies", "answers"))
        measured.append(Measured(replace(candidate, measured=Measurement(**facts)), latencies, answers))
        seconds += stage.seconds
        shop.tell({"event": "measured", "stage": "measure", "name": candidate.name, **facts})
    return tuple(measured), seconds


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


def _measure(candidate: Candidate, rows: Splits, folder: Path) -> None:
    """Write measured.json, latencies.npy (requests,) in ms and answers.npy (validation rows,)."""
    alone, busy, size = _drive(candidate, rows)
    valid = examples(rows, "valid")
    answers = answers_of(candidate.folder, valid).argmax(axis=1)
    accuracy, p99 = (
        bootstrap((answers == valid.truth).astype(float)),
        quantile_interval(alone.latencies_ms, 0.99),
    )
    measured = Measurement(
        accuracy=accuracy.value,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        p50_ms=float(np.median(alone.latencies_ms)),
        p99_ms=p99.value,
        p99_low_ms=p99.low,
        p99_high_ms=p99.high,
        throughput=busy.qps,
        size_bytes=size,
        rows=len(answers),
        samples=len(alone.latencies_ms),
        threads=machine.threads(),
        cpu=machine.cpu_name(),
    )
    np.save(folder / "latencies.npy", alone.latencies_ms)
    np.save(folder / "answers.npy", answers)
    write_json(folder / "measured.json", asdict(measured))


def _drive(candidate: Candidate, rows: Splits) -> tuple[LoadResult, LoadResult, int]:
    """Serve a candidate and ask it: one client, then many; and the bytes that serving it needs.

    Raises:
        GateFailed: a request failed or was refused.
    """
    texts = rows.valid[rows.text].to_list()
    with TemporaryDirectory() as place:
        bundle = write_bundle(
            Path(place) / "bundle", candidate.folder, rows.steps, rows.labels, {"name": candidate.name}
        )
        size = served_bytes(bundle.folder)
        with start_server(bundle.folder) as server:
            drive(server.rest_url, texts, concurrency=1, requests=100)
            alone = drive(
                server.rest_url, texts, concurrency=1, requests=LATENCY_REQUESTS, seconds=LATENCY_SECONDS
            )
            busy = drive(
                server.rest_url, texts, concurrency=THROUGHPUT_CONCURRENCY, seconds=THROUGHPUT_SECONDS
            )
    failed = alone.errors + busy.errors + alone.refused + busy.refused
    if failed:
        raise GateFailed(
            f"candidate '{candidate.name}'",
            f"{failed} of {len(alone.replies) + len(busy.replies)} requests failed while it was measured",
            "run again; if it stays so, leave its compressor out of `compress`",
        )
    return alone, busy, size


def _save(candidates: Sequence[Candidate], folder: Path) -> None:
    body = [asdict(each) | {"folder": each.folder.name} for each in candidates]
    write_json(folder / "candidates.json", body)


def _load(stage: Stage) -> list[Candidate]:
    body = json.loads((stage.folder / "candidates.json").read_text(encoding="utf-8"))
    share = stage.seconds / max(1, len(body))
    return [Candidate(**row | {"folder": stage.folder / row["folder"], "seconds": share}) for row in body]
