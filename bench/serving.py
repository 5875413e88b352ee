"""What each step from a naive service to the deployed bundle brings, measured side by side in one run.

    python bench/serving.py                          the run of build/demo, which is made where it is missing
    python bench/serving.py --run FOLDER             a finished run: build/demo/.trimtab/runs/HASH
    python bench/serving.py --quick                  a small project, under a minute

On 2 quiet cores it takes 10 to 12 minutes; the run of build/demo, where it is missing, 15 more.
Every service answers the same test texts on this machine, which client and server share. Rounds go through
all services in turn, so a slow minute hits all of them; ratios are taken within a round and quoted as the
median with the range over rounds. Each rung changes one thing in the rung before, where that is possible:

    naive       FastAPI and gRPC, PyTorch FP32, every text padded to 128 tokens (bench/parts/naive.py)
    unpadded    the same without padding
    ort-fp32    ONNX Runtime FP32 with fused attention in trimtab's server; a worker takes one text
    ort-int8    the same in INT8
    batching    the same, and a worker takes its share of what waits, sorted by length
    student     the small student alone, INT8 embeddings
    cascade     the student, and the INT8 model where it is unsure
    deployed    the bundle that the budgets chose

Beside them stands `ort-fp32-batched`: ort-fp32 with batching and with rows of equal length stacked into one
tensor, which trimtab itself never does, because answers then depend on the batch. Whichever of the two is
faster in a round is that round's strong baseline.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from parts.ladder import Service, ladder
from parts.report import finish, parser
from parts.subject import Subject, of_run, train_here
from trimtab import run
from trimtab.serve.load import LoadResult, drive

CONCURRENCY = (1, 8, 32, 128)
QUICK_CONCURRENCY = (1, 32)
BUSY = 32
"""The concurrency at which services are compared."""
STRONG = ("ort-fp32", "ort-fp32-batched")
WARM_SECONDS = 0.5
LEAST = 300
"""Requests to a service without a bundle where p99 is compared: of fewer, p99 is the slowest or the next."""

KEPT = ("qps", "p50_ms", "p99_ms", "p99_low_ms", "p99_high_ms", "errors", "refused", "sent")
"""Of what a load test says; the two ends are those of the 95 % interval of its p99."""

Row = dict[str, Any]


def main() -> None:
    """Parse, measure, print, write."""
    made = parser(__doc__, project=Path("build/demo"), rounds=3, seconds=1.25)
    made.add_argument("--run", type=Path, help="folder of a finished run; nothing is trained")
    options = made.parse_args()
    levels = QUICK_CONCURRENCY if options.quick else CONCURRENCY
    if options.quick:
        options.rounds, options.seconds = 1, 0.25
    with TemporaryDirectory() as place:
        subject = subject_of(options, Path(place))
        services = ladder(subject, Path(place))
        facts = subject.facts()
        accuracy: dict[str, float | None] = {}
        raw = []
        for number in range(options.rounds):
            for each in services:
                with each.start() as at:
                    if number == 0:
                        accuracy[each.name] = accuracy_of(at, subject)
                    raw += measure(each, at, subject.texts, number, options.seconds, levels)
    more = {"subject": facts, "ratios": ratios(raw, levels)}
    finish("serving", options, summary(raw, accuracy), raw, more)


def subject_of(options: argparse.Namespace, place: Path) -> Subject:
    """The run to measure: the finished one, the project's, or with --quick a small one made on the spot."""
    if options.run is not None:
        try:
            return of_run(json.loads((options.run / "result.json").read_text(encoding="utf-8")))
        except OSError as error:
            raise SystemExit(f"--run: {error}; give the folder that holds a run's result.json") from error
    if options.quick:
        return train_here(place / "small")
    return of_run(run(options.project / "trimtab.yaml").data)


def accuracy_of(at: Mapping[str, str], subject: Subject) -> float | None:
    """Accuracy of the answers that the service itself gives to all texts."""
    total = len(subject.texts)
    found = drive(at["rest"], subject.texts, concurrency=8, requests=total, answers=True)
    if found.errors or found.refused:
        raise SystemExit(
            f"{at['rest']}: {found.errors} errors and {found.refused} refusals in {total} requests"
        )
    return found.accuracy(subject.truth)


def measure(
    service: Service,
    at: Mapping[str, str],
    texts: list[str],
    number: int,
    seconds: float,
    levels: Sequence[int],
) -> list[Row]:
    """One round of one service: both protocols at every concurrency, each after a short warm-up."""
    rows = []
    slow = service.bundle is None
    if slow:
        seconds *= 2  # it answers few requests: a short window would see too few of them
    for protocol in ("rest", "grpc"):
        said: dict[str, Any] = {"protocol": protocol, "model": at["model"]}
        drive(at[protocol], texts, concurrency=8, seconds=min(WARM_SECONDS, seconds), **said)
        for concurrency in levels:
            requests = LEAST if slow and concurrency == BUSY else None
            found = drive(
                at[protocol], texts, concurrency=concurrency, seconds=seconds, requests=requests, **said
            )
            rows.append(_row(service.name, protocol, concurrency, number, found))
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _row(name: str, protocol: str, concurrency: int, number: int, found: LoadResult) -> Row:
    said = found.summary()
    return {
        "name": name,
        "protocol": protocol,
        "concurrency": concurrency,
        "round": number,
        **{key: said[key] for key in KEPT},
    }


def summary(raw: Sequence[Row], accuracy: Mapping[str, float | None]) -> list[Row]:
    """The median over rounds of each service, protocol and concurrency; errors are summed."""
    rows = []
    keys = list(dict.fromkeys((row["name"], row["protocol"], row["concurrency"]) for row in raw))
    for key in keys:
        found = [row for row in raw if (row["name"], row["protocol"], row["concurrency"]) == key]
        middle = {name: round(median(row[name] for row in found), 3) for name in ("qps", "p50_ms", "p99_ms")}
        spread = [round(min(row["qps"] for row in found), 1), round(max(row["qps"] for row in found), 1)]
        rows.append(
            {
                **dict(zip(("name", "protocol", "concurrency"), key, strict=True)),
                **middle,
                "qps_range": spread,
                "errors": sum(row["errors"] + row["refused"] for row in found),
                "accuracy": accuracy[key[0]],
            }
        )
    return rows


def ratios(raw: Sequence[Row], levels: Sequence[int]) -> dict[str, dict[str, float]]:
    """What the deployed service gains, for each protocol: taken round by round, then median and range.

    `goal` is the least that issue 3 asks for ("Done when", 3), where it asks for something.
    """
    found: dict[str, list[float]] = {}
    rounds = {(row["protocol"], row["round"]) for row in raw if row["name"] == "deployed"}
    for protocol, number in sorted(rounds, key=lambda one: (one[0] == "grpc", one[1])):
        here = {
            (row["name"], row["concurrency"]): row
            for row in raw
            if (row["protocol"], row["round"]) == (protocol, number)
        }
        for name, value in _gains(here, levels).items():
            found.setdefault(f"{protocol}: {name}", []).append(value)
    return {
        name: {
            "median": round(median(values), 2),
            "low": round(min(values), 2),
            "high": round(max(values), 2),
            "goal": GOALS.get(name.partition(": ")[2]),
        }
        for name, values in found.items()
    }


GOALS = {
    "qps at 32 over naive at its best": 80,
    "naive p99 at 32 over deployed": 20,
    "qps at 32 over the strong baseline": 5,
    "naive p50 at 1 over deployed": 20,
}


def _gains(here: Mapping[tuple[str, int], Row], levels: Sequence[int]) -> dict[str, float]:
    """The gains of one round and protocol; rows by name and concurrency."""
    deployed = here["deployed", BUSY]
    naive = max(here["naive", level]["qps"] for level in levels)
    strong = max(here[name, BUSY]["qps"] for name in STRONG)
    values = (
        deployed["qps"] / naive,
        here["naive", BUSY]["p99_ms"] / deployed["p99_ms"],
        deployed["qps"] / strong,
        here["naive", 1]["p50_ms"] / here["deployed", 1]["p50_ms"],
    )
    gains = dict(zip(GOALS, values, strict=True))
    gains["qps at 32, batching over ort-int8"] = here["batching", BUSY]["qps"] / here["ort-int8", BUSY]["qps"]
    return gains


if __name__ == "__main__":
    main()
