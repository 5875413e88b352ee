"""What the record of a run says of its rows: read, dropped, leaked, copied, made into features."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


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
