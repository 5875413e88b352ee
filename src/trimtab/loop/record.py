"""The record of a run: what the chain collects and the report shows, as one JSON object.

The chain writes it to `record.json` in the run folder; `trimtab.loop.report.render` reads nothing else,
so every figure of a report can be recomputed from the run folder. Shares are shares of one, times are
milliseconds or seconds as the name says, sizes are bytes. What is `NotRequired` may be absent: the
report then leaves that section out, or says in it that there was nothing.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from trimtab.loop.record_rows import DataRecord, DroppedRow


class Option(TypedDict):
    """One resolved option of the spec, and where its value came from."""

    option: str
    value: Any
    origin: str


class VerdictRecord(TypedDict):
    """What the budgets say; `sentences` say it in words, the most important first."""

    verdict: Literal["met", "infeasible"]
    winner: str | None
    binding: str | None
    sentences: list[str]
    nearest: NotRequired[list[str]]


class BudgetRecord(TypedDict):
    """The budgets that bind: a share, milliseconds, bytes; None or absent does not bind."""

    accuracy_drop: NotRequired[float | None]
    latency_p99_ms: NotRequired[float | None]
    size_bytes: NotRequired[int | None]


class UseRecord(TypedDict):
    """One budget of a candidate (`core.budget.Excess`): over 1 is too much."""

    budget: str
    used: float
    text: str


class DropRecord(TypedDict):
    """A paired accuracy drop (`core.measure.Paired`); `level` is that of its two-sided interval."""

    drop: float
    low: float
    high: float
    p_value: float
    level: NotRequired[float]
    only_a: NotRequired[int]
    only_b: NotRequired[int]
    rows: NotRequired[int]


class MeasuredRecord(TypedDict):
    """`core.objects.Measurement.summary(name)`; a refused candidate may have the name alone."""

    name: str
    accuracy: NotRequired[float]
    accuracy_low: NotRequired[float]
    accuracy_high: NotRequired[float]
    p50_ms: NotRequired[float]
    p99_ms: NotRequired[float]
    p99_low_ms: NotRequired[float]
    p99_high_ms: NotRequired[float]
    throughput: NotRequired[float]
    throughput_low: NotRequired[float]
    throughput_high: NotRequired[float]
    size_bytes: NotRequired[int]
    rows: NotRequired[int]
    samples: NotRequired[int]
    rounds: NotRequired[int]
    threads: NotRequired[int]
    cpu: NotRequired[str]
    measured_on: NotRequired[str]


class CandidateRecord(MeasuredRecord):
    """A candidate with its measurements and its standing.

    `uses` lists every stated budget (`core.budget.used`), kept or broken; `drop` is against the
    uncompressed model on the validation rows; `refused` is the reason why it may not be served at all.
    """

    valid_accuracy: NotRequired[float]
    drop: NotRequired[DropRecord | None]
    uses: NotRequired[list[UseRecord]]
    parity: NotRequired[dict[str, float]]
    seconds: NotRequired[float]
    source: NotRequired[str | None]
    runtime: NotRequired[str]
    on_front: NotRequired[bool]
    refused: NotRequired[str | None]


class TestRecord(DropRecord):
    """The winner against the teacher on the test rows."""

    teacher_accuracy: NotRequired[float]
    winner_accuracy: NotRequired[float]


class StageRecord(TypedDict):
    """A stage of the chain: seconds spent, and where the model stood after it.

    `accuracy` is a share on validation rows, `latency` the p99 in milliseconds, `size` bytes; None
    where the stage made nothing to measure. `source` names the stage it started from.
    """

    name: str
    seconds: float
    accuracy: NotRequired[float | None]
    latency: NotRequired[float | None]
    size: NotRequired[int | None]
    source: NotRequired[str | None]
    note: NotRequired[str]


class Epoch(TypedDict):
    """One point of a learning curve."""

    epoch: float
    train_loss: NotRequired[float]
    valid_loss: NotRequired[float]
    valid_accuracy: NotRequired[float]


class Trial(TypedDict):
    """One setting that the search tried; `state` is `complete`, `pruned` or `failed`."""

    number: int
    params: dict[str, Any]
    value: float | None
    state: str


class WorstClass(TypedDict):
    """A class with the winner's errors on it."""

    label: str
    errors: int
    rows: int


class ConfusedPair(TypedDict):
    """Rows of class `truth` that the winner called `predicted`."""

    truth: str
    predicted: str
    count: int
    examples: list[str]


class ConfusionRecord(TypedDict):
    """The classes with most errors, and the pairs behind them; `rows` names the rows looked at."""

    classes: list[WorstClass]
    pairs: list[ConfusedPair]
    rows: NotRequired[str]


class Record(TypedDict):
    """All that a report shows; `test_look` is which look at the test rows it was, from 1.

    `dropped` holds the first dropped rows, the Parquet files in `dropped_folder` all of them, by split.
    """

    verdict: VerdictRecord
    budget: BudgetRecord
    candidates: list[CandidateRecord]
    command: str
    seconds: float
    seed: int
    date: str
    run_folder: str
    dropped_folder: str
    environment: dict[str, Any]
    name: NotRequired[str]
    spec: NotRequired[list[Option]]
    teacher: NotRequired[MeasuredRecord | None]
    test: NotRequired[TestRecord | None]
    test_look: NotRequired[int]
    stages: NotRequired[list[StageRecord]]
    data: NotRequired[DataRecord]
    dropped: NotRequired[list[DroppedRow]]
    curves: NotRequired[dict[str, list[Epoch]]]
    trials: NotRequired[list[Trial]]
    confusion: NotRequired[ConfusionRecord]
    latencies: NotRequired[dict[str, list[float]]]
    features_folder: NotRequired[str]
