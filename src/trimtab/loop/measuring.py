"""The stage that measures: every candidate behind the real server, in rounds that all of them share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from trimtab.compress.job import answers_of
from trimtab.core import machine
from trimtab.core.bundle import served_bytes, write_bundle
from trimtab.core.errors import GateFailed
from trimtab.core.measure import block_bootstrap, bootstrap
from trimtab.core.objects import Candidate, Measurement, Splits
from trimtab.core.store import CHECKPOINT, folder_hash, write_json
from trimtab.core.texts import is_blank
from trimtab.features.feature import served
from trimtab.loop.learning import examples
from trimtab.loop.stages import Tell, Workshop
from trimtab.serve.load import OK, LoadResult, Plan, start_server, take_turns

ROUNDS = 10
"""Enough for an interval whose blocks are rounds, few enough that a window at full load is no mere start."""
REQUESTS = 200
"""Single requests of a candidate in a round: 2,000 in all, of which 20 lie beyond the p99."""
WINDOW_SECONDS = 0.5
CONCURRENCY = 32
WARM_UP, WARM_AGAIN = 100, 10
"""Requests that are not counted: before the first round, and at each turn."""


@dataclass(frozen=True)
class Measured:
    """A candidate with its measurement, and what that was made of.

    `latencies` (requests,) are those of one client, in ms; `answers` (validation rows,) are class numbers.
    """

    candidate: Candidate
    latencies: np.ndarray
    answers: np.ndarray


@dataclass(frozen=True)
class Round:
    """What one round saw, by candidate: milliseconds of single requests, answers a second at full load."""

    latencies: Mapping[str, Sequence[float]]
    rates: Mapping[str, float]
    seconds: float


def measure_stage(
    shop: Workshop, candidates: Sequence[Candidate], rows: Splits, rows_hash: str
) -> tuple[tuple[Measured, ...], float]:
    """Each candidate that is not refused, behind the real server; and the seconds all that took.

    They are measured together, since figures of different minutes of a shared machine cannot be compared: so
    one that changes has all of them measured again.
    """
    served = [each for each in candidates if not each.refused]
    inputs = {
        "rows": rows_hash,
        "candidates": {each.name: folder_hash(each.folder) for each in served},
        "cpu": machine.cpu_name(),
        "threads": machine.threads(),
    }
    stage = shop.stage("measure", inputs, lambda folder: _measure(served, rows, folder, shop.tell))
    facts = json.loads((stage.folder / "measured.json").read_text(encoding="utf-8"))
    latencies, answers = (dict(np.load(stage.folder / f"{name}.npz")) for name in ("latencies", "answers"))
    measured = []
    for each in served:
        shop.tell({"event": "measured", "stage": "measure", "name": each.name, **facts[each.name]})
        whole = replace(each, measured=Measurement(**facts[each.name]))
        measured.append(Measured(whole, latencies[each.name], answers[each.name]))
    return tuple(measured), stage.seconds


def _measure(candidates: Sequence[Candidate], rows: Splits, folder: Path, tell: Tell) -> float:
    """Write measured.json, and by candidate latencies.npz (requests,), rates.npz (rounds,) and answers.npz.

    Finished rounds survive a kill. Returns the seconds spent, those of earlier tries included.
    """
    started = time.monotonic()
    texts = [text for text in rows.valid[rows.text] if not is_blank(text)]  # a step may take every word out
    mixed = tuple(texts[at] for at in np.random.default_rng(0).permutation(len(texts)))
    rounds = _kept_rounds(folder / CHECKPOINT)
    before = sum(each.seconds for each in rounds)
    with _bundles(candidates, rows, folder) as bundles:
        sizes = {name: served_bytes(bundle) for name, bundle in bundles.items()}
        if len(rounds) < ROUNDS:
            with _servers(bundles) as urls:
                take_turns(
                    [Plan(url, mixed, concurrency=1, requests=WARM_UP) for url in urls.values()], folder
                )
                for number in range(len(rounds), ROUNDS):
                    rounds.append(_round(number, urls, mixed, folder))
                    _keep_round(number, rounds[-1], folder / CHECKPOINT)
                    tell({"event": "round_done", "stage": "measure", "step": number + 1, "steps": ROUNDS})
    valid = examples(rows, "valid")
    answers = {each.name: answers_of(each.folder, valid).argmax(axis=1) for each in candidates}
    facts = {
        name: asdict(measurement(name, rounds, found == valid.truth, sizes[name]))
        for name, found in answers.items()
    }
    latencies = {name: np.concatenate(_latencies(name, rounds)) for name in answers}
    rates = {name: np.array([one.rates[name] for one in rounds]) for name in answers}
    for file, arrays in (("latencies", latencies), ("rates", rates), ("answers", answers)):
        np.savez(folder / f"{file}.npz", allow_pickle=False, **arrays)
    write_json(folder / "measured.json", facts)
    return before + time.monotonic() - started


def order_of(names: Sequence[str], number: int) -> list[str]:
    """The order of turns in a round: another candidate comes first in each.

    >>> "".join(order_of("abc", 1))
    'bca'
    """
    first = number % len(names)
    return [*names[first:], *names[:first]]


def measurement(name: str, rounds: Sequence[Round], right: np.ndarray, size: int) -> Measurement:
    """The figures of one candidate; `right` (validation rows,) says which rows it answers right."""
    blocks = _latencies(name, rounds)
    accuracy = bootstrap(right.astype(float))
    p99 = block_bootstrap(blocks, _p99)
    throughput = block_bootstrap([np.array([one.rates[name]]) for one in rounds], _median)
    return Measurement(
        accuracy=accuracy.value,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        p50_ms=_median(np.concatenate(blocks)),
        p99_ms=p99.value,
        p99_low_ms=p99.low,
        p99_high_ms=p99.high,
        throughput=throughput.value,
        throughput_low=throughput.low,
        throughput_high=throughput.high,
        size_bytes=size,
        rows=len(right),
        samples=sum(len(block) for block in blocks),
        rounds=len(rounds),
        threads=machine.threads(),
        cpu=machine.cpu_name(),
    )


@contextmanager
def _bundles(candidates: Sequence[Candidate], rows: Splits, folder: Path) -> Iterator[dict[str, Path]]:
    """Each candidate as a bundle, below the stage's own folder: a killed run leaves nothing elsewhere."""
    with TemporaryDirectory(dir=folder) as place:
        yield {
            each.name: write_bundle(
                Path(place) / each.name, each.folder, served(rows.steps), rows.labels, {"name": each.name}
            ).folder
            for each in candidates
        }


@contextmanager
def _servers(bundles: Mapping[str, Path]) -> Iterator[dict[str, str]]:
    """A server for each candidate, all at once; the address of each. The idle ones wait for the network."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(start_server(bundle)).rest_url for name, bundle in bundles.items()}


def _round(number: int, urls: Mapping[str, str], texts: tuple[str, ...], scratch: Path) -> Round:
    """One turn for each candidate, another one first in each round: a client alone, then many.

    Raises:
        GateFailed: a request failed or was refused.
    """
    started = time.monotonic()
    begin = number * REQUESTS % len(texts)
    asked = (*texts[begin:], *texts[:begin])
    order = order_of(list(urls), number)
    plans = []
    for name in order:
        plans += [
            Plan(urls[name], asked, concurrency=1, requests=WARM_AGAIN),
            Plan(urls[name], asked, concurrency=1, requests=REQUESTS),
            Plan(urls[name], asked, concurrency=CONCURRENCY, seconds=WINDOW_SECONDS),
        ]
    results = take_turns(plans, scratch)
    alone, busy = (dict(zip(order, results[at::3], strict=True)) for at in (1, 2))
    for name in order:
        _check(name, [alone[name], busy[name]])
    latencies = {name: found.latencies_ms.tolist() for name, found in alone.items()}
    rates = {name: found.qps for name, found in busy.items()}
    return Round(latencies, rates, time.monotonic() - started)


def _check(name: str, results: Sequence[LoadResult]) -> None:
    replies = [reply for each in results for reply in each.replies]
    failed = [reply.code for reply in replies if reply.state != OK]
    if failed:
        raise GateFailed(
            f"candidate '{name}'",
            f"{len(failed)} of {len(replies)} requests failed while it was measured, one with {failed[0]}",
            "run again; if it stays so, leave its compressor out of `compress`",
        )


def _latencies(name: str, rounds: Sequence[Round]) -> list[np.ndarray]:
    return [np.array(one.latencies[name]) for one in rounds]


def _kept_rounds(checkpoint: Path) -> list[Round]:
    """The rounds that a killed try finished, in order."""
    return [
        Round(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(checkpoint.glob("round-*.json"))
    ]


def _keep_round(number: int, found: Round, checkpoint: Path) -> None:
    checkpoint.mkdir(exist_ok=True)
    write_json(checkpoint / f"round-{number:02}.json", asdict(found))


def _p99(times: np.ndarray) -> float:
    return float(np.quantile(times, 0.99))


def _median(values: np.ndarray) -> float:
    return float(np.median(values))
