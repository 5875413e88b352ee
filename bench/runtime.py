"""What two choices of the ONNX runtime cost: a fusion left out, and rows asked one at a time.

    python bench/runtime.py [--quick] [--json PATH]

MiniLM with a head of random weights (speed does not depend on them), one thread, Banking77's test texts.
`alone` asks each text by itself; `sixteens` asks sorted batches of 16, nothing padded (equal lengths only).
All variants take turns in every round; ratios are medians over rounds with the lowest and highest.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import onnxruntime as ort
import torch

from parts.projects import banking77
from parts.report import finish, parser
from trimtab.compress.fp32 import export
from trimtab.compress.int8 import quantise
from trimtab.features.tokens import Tokens
from trimtab.models.pretrained import MiniLM
from trimtab.runtime.onnxrt import SLOWER

Run = Callable[[], float]
"""One round over all texts; returns seconds a text."""
BATCH = 16


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__).parse_args()
    rounds, most = (2, 64) if options.quick else (7, 400)
    with TemporaryDirectory() as work:
        variants = make_variants(Path(work), texts(most))
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            seconds[name].append(run())
    raw = [
        {"name": name, "round": at, "ms_a_text": 1e3 * spent}
        for name, found in seconds.items()
        for at, spent in enumerate(found)
    ]
    rows = [
        {"name": name, "ms_a_text": round(1e3 * float(np.median(found)), 3)}
        for name, found in seconds.items()
    ]
    ratios = {
        "fp32: with SkipLayerNormalization over without": ratio(
            seconds, "fp32 skip-fused alone", "fp32 alone"
        ),
        "int8: with SkipLayerNormalization over without": ratio(
            seconds, "int8 skip-fused alone", "int8 alone"
        ),
        "fp32: alone over sixteens": ratio(seconds, "fp32 alone", "fp32 sixteens"),
    }
    finish("runtime", options, rows, raw, {"ratios": ratios})


def make_variants(work: Path, asked: Sequence[str]) -> dict[str, Run]:
    """Every variant by name, warmed up."""
    family = MiniLM()
    torch.manual_seed(0)
    network = family.build(family.blueprint(77, 0.1), fresh=True)
    tokens = Tokens(tokenizer=family.tokenizer()).rows(list(asked))
    wide = export(network, work / "fp32")
    paths = {"fp32": wide, "int8": quantise(wide, work / "int8")}
    singles = [np.array([row]) for row in tokens]
    variants: dict[str, Run] = {}
    for name, folder in paths.items():
        plain, fused = (session(folder / "model.onnx", left_out) for left_out in (SLOWER, []))
        variants[f"{name} alone"] = runner(plain, singles)
        variants[f"{name} skip-fused alone"] = runner(fused, singles)
        if name == "fp32":
            variants["fp32 sixteens"] = runner(plain, sixteens(tokens))
    for run in variants.values():
        run()
    return variants


def session(path: Path, left_out: list[str]) -> ort.InferenceSession:
    """A session of one thread without some fusions."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=left_out
    )


def runner(ready: ort.InferenceSession, batches: Sequence[np.ndarray]) -> Run:
    """A round over the batches (rows, tokens)."""
    feeds = [{"input_ids": batch, "attention_mask": np.ones_like(batch)} for batch in batches]
    total = sum(len(batch) for batch in batches)

    def run() -> float:
        begun = perf_counter()
        for feed in feeds:
            ready.run(["probabilities"], feed)
        return (perf_counter() - begun) / total

    return run


def sixteens(tokens: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """The rows by length, in batches of at most 16 rows of equal length."""
    by_length: dict[int, list[Sequence[int]]] = {}
    for row in tokens:
        by_length.setdefault(len(row), []).append(row)
    return [
        np.array(rows[at : at + BATCH]) for rows in by_length.values() for at in range(0, len(rows), BATCH)
    ]


def ratio(seconds: dict[str, list[float]], above: str, below: str) -> dict[str, float]:
    """Median and range over rounds of the time of one variant over another's."""
    found = np.array(seconds[above]) / np.array(seconds[below])
    return {name: round(float(value), 3) for name, value in (
        ("median", np.median(found)), ("low", found.min()), ("high", found.max())
    )}  # fmt: skip


def texts(most: int) -> list[str]:
    """Test texts, evenly spread over the file."""
    with (banking77() / "test.csv").open(encoding="utf-8", newline="") as stream:
        found = [row["text"] for row in csv.DictReader(stream)]
    return found[:: max(1, len(found) // most)][:most]


if __name__ == "__main__":
    main()
