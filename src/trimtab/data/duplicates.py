"""Drops copies: exact ones and near ones. Of each group the row with the smallest id stays."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import tally
from trimtab.data.minhash import Shingles, Unit, shingles, similar


@dataclass(frozen=True)
class Copies(Step):
    """What the duplicate steps share: learning finds the ids to drop, so any block can be cleaned alone.

    Learned, each (dropped rows,): `gone` the ids, sorted; `twin` the id of the row that stays for it;
    `likeness` their similarity; `differs` whether their labels differ.
    """

    train_only: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("gone", "twin", "likeness", "differs")

    text: str = "text"
    label: str = "label"
    gone: np.ndarray | None = None
    twin: np.ndarray | None = None
    likeness: np.ndarray | None = None
    differs: np.ndarray | None = None

    @abstractmethod
    def reason(self, twin: int, likeness: float) -> str:
        """Why a row goes whose `twin` stays."""

    def __call__(self, batch: Batch) -> Batch:
        """The rows that are no copy of one that stays."""
        if self.gone is None or self.twin is None or self.likeness is None or self.differs is None:
            raise ValueError(f"step {self.name} has not learned which rows are copies: call learn first")
        places = np.searchsorted(self.gone, batch.ids)
        known = np.append(self.gone, -1)[places] == batch.ids  # gone is sorted
        at = places[known]
        reasons = [
            self.reason(int(twin), float(likeness)) + (" under another label" if differs else "")
            for twin, likeness, differs in zip(
                self.twin[at], self.likeness[at], self.differs[at], strict=True
            )
        ]
        return batch.keep(~known, self.name, reasons)

    def labels(self, batch: Batch) -> pl.Series:
        """The labels as strings; null where there is no label column."""
        known = self.label in batch.columns.columns
        return (batch[self.label] if known else pl.repeat(None, len(batch), eager=True)).cast(pl.String)

    def found(self, ids: np.ndarray, twin: np.ndarray, likeness: np.ndarray, labels: pl.DataFrame) -> Self:
        """The learned step; `labels` is a frame of `id` and `label`."""
        order = np.argsort(ids, kind="stable")
        ids, twin, likeness = (np.asarray(part)[order] for part in (ids, twin, likeness))
        name = dict(zip(labels["id"].to_list(), labels["label"].to_list(), strict=True))
        differs = np.array(
            [name[a] != name[b] for a, b in zip(ids.tolist(), twin.tolist(), strict=True)], bool
        )
        return replace(self, gone=ids, twin=twin, likeness=likeness, differs=differs)


@dataclass(frozen=True)
class DropDuplicates(Copies):
    """Drop rows that equal an earlier one in `columns`, by default in the text; where there is none, in all.

    Null and empty string differ. Rows that lack a value in all columns are no copies of each other.
    """

    name: ClassVar[str] = "drop_duplicates"

    columns: tuple[str, ...] = ()

    def partial(self, batch: Batch) -> pl.DataFrame:
        """The rows' keys, ids and labels."""
        usual = (self.text,) if batch.modality == "text" else batch.columns.columns
        keys = tally.present(batch, self.columns or usual, self.name)
        renamed = [batch[key].alias(f"key{number}") for number, key in enumerate(keys)]
        return pl.DataFrame([pl.Series("id", batch.ids), self.labels(batch).alias("label"), *renamed])

    def keys(self, summary: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """The rows that may be copies, and the hash of each: equal rows have equal hashes."""
        names = [name for name in summary.columns if name not in ("id", "label")]
        rows = np.flatnonzero(~summary.select(pl.all_horizontal(pl.col(names).is_null())).to_series())
        keys = summary.select(names)
        return rows, (keys if len(rows) == summary.height else keys[rows]).hash_rows().to_numpy()

    def pick(self, summary: pl.DataFrame, rows: np.ndarray) -> pl.DataFrame:
        """Some rows of a summary."""
        return summary[rows]

    def merge(self, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
        """The rows of both blocks."""
        return pl.concat([left, right], how="vertical_relaxed")

    def finish(self, total: pl.DataFrame) -> Self:
        """The step with the rows that equal an earlier one."""
        keys = [name for name in total.columns if name not in ("id", "label")]
        twins = (
            total.filter(~pl.all_horizontal(pl.col(keys).is_null()))
            .with_columns(pl.col("id").min().over(keys).alias("twin"))
            .filter(pl.col("id") != pl.col("twin"))
        )
        return self.found(
            twins["id"].to_numpy(),
            twins["twin"].to_numpy(),
            np.ones(twins.height),
            total.select("id", "label"),
        )

    def reason(self, twin: int, likeness: float) -> str:
        """The row that it equals."""
        del likeness
        return f"exact duplicate of row {twin}"


@dataclass(frozen=True)
class NearDuplicates(Copies):
    """Drop rows whose text is at least `similarity` like the text of an earlier row that stays.

    Likeness is the Jaccard similarity of the sets of shingles: `width` characters (or words) in a row, case
    and white space folded. Rows are taken in order of id, so a chain of small changes is cut where it
    leaves the kept row: each dropped row is like the row that its reason names.
    """

    name: ClassVar[str] = "near_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})

    similarity: Annotated[float, Field(gt=0, le=1)] = 0.9
    unit: Unit = "characters"
    width: Annotated[int, Field(ge=1, le=20)] = 3

    def partial(self, batch: Batch) -> tuple[Shingles, pl.DataFrame]:
        """The rows' shingles, ids and labels."""
        tally.present(batch, [self.text], self.name)
        rows = pl.DataFrame([pl.Series("id", batch.ids), self.labels(batch).alias("label")])
        return shingles(batch[self.text].cast(pl.String).to_list(), self.unit, self.width), rows

    def merge(self, left: Any, right: Any) -> tuple[Shingles, pl.DataFrame]:
        """The rows of both blocks."""
        return left[0] + right[0], pl.concat([left[1], right[1]])

    def finish(self, total: tuple[Shingles, pl.DataFrame]) -> Self:
        """The step with the rows that are like an earlier one that stays."""
        sets, rows = total
        order = np.argsort(rows["id"].to_numpy(), kind="stable")
        ids = rows["id"].to_numpy()[order]
        pairs = similar(sets.take(order), self.similarity)
        gone: dict[int, tuple[int, float]] = {}
        for left, right, likeness in zip(
            pairs.left.tolist(), pairs.right.tolist(), pairs.likeness.tolist(), strict=True
        ):
            if right in gone:
                continue
            if left not in gone:
                gone[right] = (left, likeness)
            elif likeness == 1:  # the same set of shingles as a row that goes: it goes for the same reason
                gone[right] = gone[left]
        twin = [ids[left] for left, _ in gone.values()]
        return self.found(
            ids[list(gone)].astype(np.int64),
            np.array(twin, np.int64),
            np.array([likeness for _, likeness in gone.values()], float),
            rows,
        )

    def reason(self, twin: int, likeness: float) -> str:
        """The row that it is like, and how much."""
        return f"near duplicate of row {twin} (Jaccard {likeness:.2f})"
