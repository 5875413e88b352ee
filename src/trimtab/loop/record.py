"""The record of a run: what the chain collects and the report shows, as one JSON object.

The chain writes it to `record.json` in the run folder; `trimtab.loop.report.render` reads nothing else,
so every figure of a report can be recomputed from the run folder. Shares are shares of one, times are
milliseconds or seconds as the name says, sizes are bytes. What is `NotRequired` may be absent: the
report then leaves that section out, or says in it that there was nothing.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


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


class DroppedCount(TypedDict):
    """How many rows of a split a step dropped for a reason."""

    split: str
    step: str
    reason: str
    rows: int


class TwinRecord(TypedDict):
    """A row of one part and the row of another that it resembles (`data.leak.Twin`)."""

    left: int
    right: int
    likeness: float
    left_text: str
    right_text: str
    same_label: bool


class LeakRecord(TypedDict):
    """How many texts two parts share, exactly and nearly, and the first pairs of each kind."""

    exact: int
    near: int
    exact_pairs: NotRequired[list[TwinRecord]]
    near_pairs: NotRequired[list[TwinRecord]]


class ClusterRecord(TypedDict):
    """Copies of one row: how many, how many were kept, the first ids of all and of those, rows by label."""

    cluster: int
    rows: int
    kept: int
    ids: list[int]
    stays: list[int]
    labels: dict[str, int]


class CopiesRecord(TypedDict):
    """What a step that drops copies found; `rows` counts those in clusters.

    `conflicting` are the first clusters whose labels differ, `agreeing` the largest of the others.
    """

    step: str
    clusters: int
    rows: int
    dropped: int
    largest: int
    conflicts: int
    conflicting: list[ClusterRecord]
    agreeing: list[ClusterRecord]


class FeatureRecord(TypedDict):
    """What a feature step wrote (`Feature.facts`); `read` says whether a model family reads it.

    A selection kept `features` of `of`; `ranked` are the best; `stability` is value, low, high, or nothing.
    """

    step: str
    read: bool
    column: NotRequired[str]
    features: NotRequired[int]
    of: NotRequired[int]
    stability: NotRequired[list[float]]
    ranked: NotRequired[list[dict[str, Any]]]


class DataRecord(TypedDict):
    """Rows before and after cleaning.

    `read` and `kept` count rows by split. `labels` holds row counts by class, before and after; `lengths`
    quantiles of the text length (name such as `p50` to value), before and after, in `length_unit`;
    `length_counts` rows by length, between `edges`, `before` and `after`. `missing` is the share of missing
    values by column. `augmented` counts rows added to train, `augmentation` says for each step how many
    copies it kept and why others were not. `leakage` says what two parts share, by their names
    (`train_test`, `train_valid`). `copies` says what each step that drops copies found, `steps` what others
    tell of themselves (`Step.facts`), by name, `features` what the feature steps do.
    """

    read: NotRequired[dict[str, int]]
    kept: NotRequired[dict[str, int]]
    dropped: NotRequired[list[DroppedCount]]
    labels: NotRequired[dict[Literal["before", "after"], dict[str, int]]]
    lengths: NotRequired[dict[Literal["before", "after"], dict[str, float]]]
    length_unit: NotRequired[str]
    length_counts: NotRequired[dict[str, list[float]]]
    missing: NotRequired[dict[Literal["before", "after"], dict[str, float]]]
    augmented: NotRequired[int]
    augmentation: NotRequired[list[dict[str, Any]]]
    leakage: NotRequired[dict[str, LeakRecord]]
    copies: NotRequired[list[CopiesRecord]]
    steps: NotRequired[dict[str, dict[str, Any]]]
    features: NotRequired[list[FeatureRecord]]


class DroppedRow(TypedDict):
    """One dropped row."""

    split: str
    id: int
    step: str
    reason: str
    text: str


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
