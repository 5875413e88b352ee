"""A rough estimate of a run's time by stage, from row counts, threads and costs measured once.

The costs are processor seconds on one core with AVX2 (no VNNI), for short texts (15 tokens on average);
another processor or longer texts change them in proportion. It is an estimate, not a promise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trimtab.core import machine
from trimtab.core.spec_file import ReadSpec
from trimtab.data.sources import rooted
from trimtab.loop.inputs import count_rows

SECONDS_PER_ROW = {"data": 4e-4, "features": 1e-4, "compress": 3e-2, "test": 1e-2}
"""Processor seconds a row; compressing is mostly the distillation of a student, on one thread."""
SECONDS_PER_ROW_AND_EPOCH = {"minilm": 1.8e-2, "static": 2e-3, "bigrams": 3e-3, "textcnn": 4e-3}
"""Processor seconds of training; fine-tuning MiniLM took 580 to 900 for 9,000 rows and 5 epochs."""
USUAL_EPOCHS = 5
SECONDS_PER_CANDIDATE = 12.0
"""Wall seconds to measure one candidate behind the real server."""
CANDIDATES = 8


@dataclass(frozen=True)
class StageTime:
    """One stage: expected wall seconds, and what they follow from."""

    stage: str
    seconds: float
    why: str


@dataclass(frozen=True)
class Estimate:
    """The expected time of a first run; finished stages are not repeated."""

    stages: tuple[StageTime, ...]
    rows: int
    threads: int

    @property
    def seconds(self) -> float:
        """The sum over the stages."""
        return sum(stage.seconds for stage in self.stages)

    def data(self) -> dict[str, Any]:
        """The estimate as a JSON object."""
        stages = [asdict(stage) for stage in self.stages]
        return {"seconds": self.seconds, "rows": self.rows, "threads": self.threads, "stages": stages}


def estimate(read: ReadSpec) -> Estimate:
    """The estimate of a checked spec, for this machine's threads."""
    data, threads = read.spec.data, machine.threads()
    train = count_rows(rooted(read.folder, data.train))
    test = count_rows(rooted(read.folder, data.test)) if data.test else round(train * data.validation)
    stages = (
        _by_rows("data", train + test, 1),
        _by_rows("features", train + test, 1),
        _training(read, train, threads),
        _by_rows("compress", train, 1),
        StageTime("measure", CANDIDATES * SECONDS_PER_CANDIDATE, f"about {CANDIDATES} candidates"),
        _by_rows("test", test, 1),
    )
    return Estimate(stages, train + test, threads)


def _by_rows(stage: str, rows: int, threads: int) -> StageTime:
    cost = SECONDS_PER_ROW[stage]
    why = f"{rows:,} rows at {1e3 * cost:g} ms" + (f", {threads} threads" if threads > 1 else "")
    return StageTime(stage, round(rows * cost / threads, 1), why)


def _training(read: ReadSpec, rows: int, threads: int) -> StageTime:
    """Trials stop starting at `tune.time`, so one trial more than that is the most it takes."""
    model, tune = read.spec.model, read.spec.tune
    families = ("minilm",) if model.families == "auto" else model.families
    epochs = model.fit.epochs or USUAL_EPOCHS
    kept = round(rows * (1 - read.spec.data.validation))
    seconds = 0.0
    for family in families:
        cost = SECONDS_PER_ROW_AND_EPOCH.get(family, SECONDS_PER_ROW_AND_EPOCH["minilm"])
        trial = cost * kept * epochs / threads
        seconds += min(tune.trials * trial, tune.time + trial)
    tried = f"{epochs} epochs, at most {tune.trials} trials, {threads} threads"
    why = f"{', '.join(families)}: {kept:,} rows, {tried}"
    return StageTime("train", round(seconds, 1), why)
