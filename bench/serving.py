"""What each step from a naive service to the deployed bundle brings, measured side by side in one run.

    python bench/serving.py [--project build/demo] [--rounds 3] [--seconds 3] [--quick] [--json PATH]

Every service answers the same Banking77 test texts on this machine, which client and server share. Rounds go
through all services in turn, so a slow minute hits all of them; ratios are taken within a round and
quoted as the median with the range over rounds. The services:

    naive       FastAPI, PyTorch FP32, every text padded to 128 tokens (bench/naive.py)
    unpadded    the same without padding
    ort-fp32    ONNX Runtime FP32, fused attention, in trimtab's server, rows of equal length stacked
                (faster, at the price of answers that depend on the batch): the strong baseline
    ort-int8    the same in INT8, one row at a time, as trimtab serves everything
    student     the static student alone, INT8 embeddings
    cascade     student, INT8 teacher where it is unsure
    deployed    the bundle that the budgets chose
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from parts.projects import small_project
from parts.report import finish, parser
from trimtab import run
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.splits import load_splits
from trimtab.data import STEPS
from trimtab.features import FEATURES
from trimtab.serve.load import LoadResult, drive, start_server

CONCURRENCY = (1, 8, 32, 128)
OURS = {"ort-fp32": "ort-fp32", "ort-int8": "ort-int8", "student": "student-int8", "cascade": "cascade"}


@dataclass(frozen=True)
class Service:
    """One row of the ablation: how to start it, and what it speaks."""

    name: str
    command: tuple[str, ...] = ()
    bundle: Path | None = None

    @property
    def protocols(self) -> tuple[str, ...]:
        return ("rest",) if self.bundle is None else ("rest", "grpc")

    @contextmanager
    def start(self) -> Iterator[dict[str, str]]:
        """The service's address by protocol and the name of its model, until the block ends."""
        if self.bundle is not None:
            with start_server(self.bundle) as server:
                yield {"rest": server.rest_url, "grpc": server.grpc_url, "model": server.name}
            return
        process = subprocess.Popen([sys.executable, *self.command], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            port = json.loads(process.stdout.readline())["rest"]
            yield {"rest": f"http://127.0.0.1:{port}", "model": ""}
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def main() -> None:
    """Parse, measure, print, write."""
    options = parser(__doc__, project=Path("build/demo"), rounds=3, seconds=3.0).parse_args()
    with TemporaryDirectory() as place:
        if options.quick:
            options.project, options.rounds, options.seconds = Path(place) / "small", 1, 0.5
            small_project(options.project)
        result = run(options.project / "trimtab.yaml")
        services, texts, truth = ablation(result.data, Path(place))
        accuracy = {each.name: accuracy_of(each, texts, truth) for each in services}
        raw = [
            measure(each, texts, number, options.seconds)
            for number in range(options.rounds)
            for each in services
        ]
    flat = [row for rows in raw for row in rows]
    rows = summary(flat, accuracy)
    finish("serving", options, rows, flat, {"ratios": ratios(flat)})


def ablation(result: dict[str, Any], place: Path) -> tuple[list[Service], list[str], list[str]]:
    """The services, and the test texts with their labels."""
    folders = {each["name"]: Path(each["folder"]) for each in result["candidates"]}
    rows = load_splits(Path(result["folders"]["features"]), STEPS, FEATURES)
    trained = result["folders"]["train"]
    bundles = {}
    for name, candidate in OURS.items():
        if candidate in folders:
            model = shutil.copytree(folders[candidate], place / f"{name}-model")
            if name == "ort-fp32":
                _stack_rows(model)
            bundles[name] = write_bundle(place / name, model, rows.steps, rows.labels, {"name": name}).folder
    own = Bundle.open(bundles["ort-fp32"]).folder / "tokenizer.json"
    naive = (str(Path(__file__).with_name("naive.py")), "--trained", trained, "--tokenizer", str(own))
    services = [Service("naive", naive), Service("unpadded", (*naive, "--no-padding"))]
    services += [Service(name, bundle=folder) for name, folder in bundles.items()]
    if result["bundle"]:
        services.append(Service("deployed", bundle=Path(result["bundle"])))
    part = rows.test if rows.test is not None else rows.valid
    return services, part[rows.text].to_list(), part[rows.label].to_list()


def _stack_rows(model: Path) -> None:
    """Let the runtime batch rows of equal length: the strong baseline gets every advantage."""
    config = json.loads((model / "model.json").read_text(encoding="utf-8"))
    (model / "model.json").write_text(json.dumps({**config, "alone": False}), encoding="utf-8")


def accuracy_of(service: Service, texts: list[str], truth: list[str]) -> float | None:
    """Accuracy of the answers that the service itself gives to all texts."""
    with service.start() as urls:
        found = drive(urls["rest"], texts, concurrency=4, requests=len(texts), seconds=600, answers=True)
    return found.accuracy(truth)


def measure(service: Service, texts: list[str], number: int, seconds: float) -> list[dict[str, Any]]:
    """One round of one service: every protocol at every concurrency."""
    rows = []
    with service.start() as at:
        for protocol in service.protocols:
            said: dict[str, Any] = {"protocol": protocol, "model": at["model"]}
            drive(at[protocol], texts, concurrency=8, seconds=min(1.0, seconds), **said)
            for concurrency in CONCURRENCY:
                found = drive(at[protocol], texts, concurrency=concurrency, seconds=seconds, **said)
                rows.append(_row(service.name, protocol, concurrency, number, found))
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _row(name: str, protocol: str, concurrency: int, number: int, found: LoadResult) -> dict[str, Any]:
    said = found.summary()
    return {
        "name": name,
        "protocol": protocol,
        "concurrency": concurrency,
        "round": number,
        **{key: said[key] for key in ("qps", "p50_ms", "p99_ms", "errors", "refused", "sent")},
    }


def summary(raw: Sequence[dict[str, Any]], accuracy: dict[str, float | None]) -> list[dict[str, Any]]:
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


def ratios(raw: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The deployed service against the naive one and the strong baseline, over REST, round by round."""
    found: dict[str, list[float]] = {}
    for number in sorted({row["round"] for row in raw}):
        here = {
            (row["name"], row["concurrency"]): row
            for row in raw
            if row["round"] == number and row["protocol"] == "rest"
        }
        if ("deployed", 32) not in here:
            continue
        naive_best = max(here["naive", at]["qps"] for at in CONCURRENCY)
        deployed, strong = here["deployed", 32], here["ort-fp32", 32]
        values = {
            "qps at 32 over naive at its best": deployed["qps"] / naive_best,
            "naive p99 at 32 over deployed": here["naive", 32]["p99_ms"] / deployed["p99_ms"],
            "qps at 32 over ort-fp32": deployed["qps"] / strong["qps"],
            "naive p50 at 1 over deployed": here["naive", 1]["p50_ms"] / here["deployed", 1]["p50_ms"],
        }
        for name, value in values.items():
            found.setdefault(name, []).append(value)
    return {
        name: {
            "median": round(median(values), 2),
            "low": round(min(values), 2),
            "high": round(max(values), 2),
        }
        for name, values in found.items()
    }


if __name__ == "__main__":
    main()
