"""What flows through trimtab: frozen objects, each a folder on disk with a content hash.

Spec -> Batch -> Splits -> Trained -> Candidate -> Bundle -> Window -> Finding -> Decision
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from trimtab.core.dropped import Dropped, Gone

if TYPE_CHECKING:
    import polars as pl

    from trimtab.core.step import Step


@dataclass(frozen=True)
class Batch:
    """Rows on their way: Arrow columns (held by Polars), stable row ids, modality.

    `ids` (rows,) int64 are the row numbers in the source file, from 0; they survive every step.
    `dropped` collects the rows that steps removed, each with its reason: nothing is lost.
    """

    columns: pl.DataFrame
    ids: np.ndarray
    modality: str = "text"
    dropped: Dropped = field(default_factory=Dropped)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, column: str) -> pl.Series:
        return self.columns[column]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The columns as an Arrow stream (the Arrow PyCapsule interface)."""
        return self.columns.__arrow_c_stream__(requested_schema)

    def keep(self, mask: np.ndarray, step: str, reasons: str | Sequence[str] | pl.Series) -> Batch:
        """The rows where `mask` (rows,) is true; the others move to `dropped`.

        `reasons` is one reason for all dropped rows, or one per dropped row, in order.
        """
        mask = np.asarray(mask, dtype=bool)
        gone = np.flatnonzero(~mask)
        if len(gone) == 0:
            return self
        import polars as pl  # core itself needs NumPy and pydantic only

        texts = pl.repeat(reasons, len(gone), eager=True) if isinstance(reasons, str) else reasons
        part = Gone(
            step, self.ids[gone], pl.Series("reason", texts, dtype=pl.String), self.columns.filter(~mask)
        )
        if len(part.reasons) != len(gone):
            raise ValueError(f"step {step} drops {len(gone)} rows and gives {len(part.reasons)} reasons")
        return replace(
            self,
            columns=self.columns.filter(mask),
            ids=self.ids[mask],
            dropped=self.dropped + Dropped((part,)),
        )

    def take(self, positions: np.ndarray) -> Batch:
        """The rows at `positions`, without any drop recorded: for splitting and batching."""
        return replace(self, columns=self.columns[positions], ids=self.ids[positions], dropped=Dropped())

    def with_columns(self, /, **columns: Any) -> Batch:
        """The batch with columns added or replaced."""
        import polars as pl

        fresh = [pl.Series(name, values) for name, values in columns.items()]
        return replace(self, columns=self.columns.with_columns(fresh))

    def save(self, folder: Path) -> None:
        """Write `rows.parquet`, `ids.npy` and `batch.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.columns.write_parquet(folder / "rows.parquet")
        np.save(folder / "ids.npy", self.ids)
        (folder / "batch.json").write_text(json.dumps({"modality": self.modality}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The batch that `save` wrote (drops are kept by `Splits`)."""
        import polars as pl

        return cls(
            columns=pl.read_parquet(folder / "rows.parquet"),
            ids=np.load(folder / "ids.npy", allow_pickle=False),
            **json.loads((folder / "batch.json").read_text()),
        )


@dataclass(frozen=True)
class Splits:
    """Train, validation and test rows, the learned steps, and every dropped row with its reason.

    Steps learn from the train rows alone. `facts` are plain numbers for the report (rows read,
    label counts, leakage found), by name.
    """

    train: Batch
    valid: Batch
    test: Batch | None
    steps: tuple[Step, ...]
    labels: tuple[str, ...]
    text: str
    label: str
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def parts(self) -> dict[str, Batch]:
        """The splits by name; `test` only where there is one."""
        named = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: batch for name, batch in named.items() if batch is not None}

    def targets(self, part: str) -> np.ndarray:
        """Class numbers (rows,) int64 of a split, in the order of `labels`."""
        number = {label: at for at, label in enumerate(self.labels)}
        return np.array([number[value] for value in self.parts()[part][self.label]], dtype=np.int64)


@dataclass(frozen=True)
class Measurement:
    """What a candidate was seen to do on this machine; never guessed.

    Times are those of a user's request through the real server, at batch 1, in milliseconds;
    `throughput` is answers a second at concurrency 32, the median over `rounds` windows; sizes are bytes.
    Intervals hold 95 %; those of time take whole rounds as what varies, not single requests.
    """

    accuracy: float
    accuracy_low: float
    accuracy_high: float
    p50_ms: float
    p99_ms: float
    p99_low_ms: float
    p99_high_ms: float
    throughput: float
    throughput_low: float
    throughput_high: float
    size_bytes: int
    rows: int
    samples: int
    rounds: int
    threads: int
    cpu: str
    measured_on: str = "valid"

    def summary(self, name: str) -> dict[str, Any]:
        """The object that `--json` prints: name first, then every figure."""
        return {"name": name, **asdict(self)}


@dataclass(frozen=True)
class Trained:
    """A model as training left it: weights (safetensors), how to build it, and its history."""

    folder: Path
    family: str
    labels: tuple[str, ...]
    score: float
    score_low: float
    score_high: float
    history: tuple[dict[str, float], ...] = ()

    def save(self) -> None:
        """Write `trained.json` beside the weights."""
        body = asdict(self) | {"folder": None}
        (self.folder / "trained.json").write_text(json.dumps(body, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The description that `save` wrote."""
        body = json.loads((folder / "trained.json").read_text(encoding="utf-8"))
        body |= {"folder": folder, "labels": tuple(body["labels"]), "history": tuple(body["history"])}
        return cls(**body)


@dataclass(frozen=True)
class Candidate:
    """A model file that could be served, the runtime that runs it, and what it was seen to do.

    `folder` holds `model.json` (which runtime, which files) and the files. `source` names the
    model it was made from, `parity` how far its answers are from that source's, `refused` why it may not be
    served at all (its parity collapsed), whatever the budget says. `distance` places it in the sequence of
    the accuracy tests, so it follows from how it was made and from no row: 0 the same numbers in another
    runtime, 1 fewer bits, 2 a cascade that ends in the trained network, 3 fewer layers, 4 another network.
    `history` is the learning curve of a candidate that was trained, as in `Trained`.
    """

    name: str
    folder: Path
    runtime: str
    distance: int = 4
    source: str | None = None
    parity: Mapping[str, float] = field(default_factory=dict)
    history: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    refused: str | None = None
    measured: Measurement | None = None


@dataclass(frozen=True)
class Window:
    """Requests, answers, timings and outcomes of a period of serving, oldest first.

    All arrays are (requests,); `texts` are the requests as the users sent them, `labels` the class
    numbers answered.
    """

    version: str
    texts: tuple[str, ...]
    labels: np.ndarray
    confidence: np.ndarray
    entropy: np.ndarray
    latency_ms: np.ndarray
    at: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Finding:
    """What a detector saw: a statistic, its p-value or interval, and whether it raises an alarm."""

    detector: str
    statistic: float
    p_value: float
    alarm: bool
    note: str
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the loop does next, and why: keep, retrain, shadow, test, promote or roll back."""

    action: str
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    subject: str = ""

    ACTIONS: ClassVar[tuple[str, ...]] = ("keep", "retrain", "shadow", "test", "promote", "rollback")

    def __post_init__(self) -> None:
        if self.action not in self.ACTIONS:
            raise ValueError(f"no action '{self.action}'; allowed: {', '.join(self.ACTIONS)}")
