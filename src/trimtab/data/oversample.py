"""Adds train rows to the rarer classes of a table: repeated, or made up between neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.added_rows import AddedRows, extended
from trimtab.data.kinds import present
from trimtab.data.smote import made_up, usable


@dataclass(frozen=True)
class Oversample(AddedRows):
    """Add rows to every class that has fewer than `ratio` times the rows of the largest, up to that many.

    `random` (the default) repeats the rows of the class in a random order, whatever they hold. `smote`
    makes rows up on the line between a row and one of its `neighbours` nearest of the same class (Chawla et
    al., 2002); with columns of categories it is SMOTE-NC, with nothing else SMOTE-N. Distances are between
    standardised numbers. Dates and times count as numbers; integers are rounded. SMOTE knows no missing
    values: impute first.

    A repeated row belongs to its source, a made-up row to some row of its class; see `AddedRows` for the ids.
    Rows without a label stay as they are.

    Raises:
        DataError: for `smote`, a value is missing, a column is neither number, time nor category, or a class
            has one row only.
    """

    name: ClassVar[str] = "oversample"
    accepts: ClassVar[frozenset[str]] = frozenset({"tabular"})
    needs_label: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("base", "homes", "made")

    method: Literal["random", "smote"] = "random"
    ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    neighbours: Annotated[int, Field(ge=1, le=100)] = 5
    label: UsualColumn = "label"
    homes: np.ndarray | None = None
    made: np.ndarray | None = None

    def partial(self, batch: Batch) -> Any:
        """The largest id, and the rows: for `random` their ids and labels alone."""
        present(batch, [self.label], self.name)
        rows = batch.columns if self.method == "smote" else batch.columns.select(self.label)
        names = {name: f"={name}" for name in rows.columns}  # no column is called "id" by chance
        return super().partial(batch), (rows.rename(names).with_columns(pl.Series("id", batch.ids)),)

    def merge(self, left: Any, right: Any) -> Any:
        """The larger id; the rows of both blocks."""
        return super().merge(left[0], right[0]), (*left[1], *right[1])

    def finish(self, total: Any) -> Self:
        """The step that holds the new rows, or for `random` the ids of the rows to repeat.

        `homes` (new rows,) int64 are the ids of the rows that new rows belong to, sorted; `made` (bytes,)
        uint8 are the made-up rows as an Arrow stream, in the same order.
        """
        base, parts = total
        rows = pl.concat(parts, how="vertical_relaxed").sort("id")
        rows = rows.filter(pl.col(f"={self.label}").is_not_null())
        ids = rows["id"].to_numpy()
        rows = rows.drop("id").rename(lambda name: name[1:])
        labels, rows = rows[self.label], rows.drop(self.label)
        lacking = self._lacking(labels)
        if self.method == "smote" and lacking:
            usable(rows, self.name)
        homes, parts = [np.zeros(0, np.int64)], []
        for label, lacks in lacking.items():
            own = (labels == label).to_numpy()
            homes.append(np.resize(self._shuffled(ids[own]), lacks))
            if self.method == "smote":
                parts.append(self._made_up(rows, own, label, lacks))
        home = np.concatenate(homes).astype(np.int64)
        order = np.argsort(home, kind="stable")
        made = _stream(pl.concat(parts)[order]) if parts else None
        return replace(super().finish(base), homes=home[order], made=made)

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them the new rows that belong to them."""
        if self.homes is None:
            raise ValueError(f"step {self.name} has not learned what to add: call learn first")
        place = {row: at for at, row in enumerate(batch.ids.tolist())}
        here = np.flatnonzero(np.isin(self.homes, batch.ids))
        homes = self.homes[here]
        at = np.array([place[row] for row in homes.tolist()], np.int64)
        number = here - np.searchsorted(self.homes, homes) + 1
        ids = self.new_ids(homes, number)
        if self.made is None:
            return extended(batch, at, ids, {})
        rows = pl.read_ipc_stream(BytesIO(self.made.tobytes()))[here]
        return extended(batch, at, ids, {name: rows[name] for name in rows.columns})

    def _shuffled(self, ids: np.ndarray) -> np.ndarray:
        return np.random.default_rng(self.seed).permutation(ids)

    def _made_up(self, rows: pl.DataFrame, own: np.ndarray, label: Any, lacks: int) -> pl.DataFrame:
        if own.sum() < 2:
            raise DataError(
                f"step {self.name}",
                f"class '{label}' has one row, and SMOTE needs two",
                "use `method: random`, or drop the class",
            )
        return made_up(rows, own, lacks, self.neighbours, self.seed, self.name)

    def _lacking(self, labels: pl.Series) -> dict[Any, int]:
        """How many rows each class lacks, by class in order; classes that lack none are left out."""
        counts = labels.alias("value").value_counts(name="rows").sort("value")
        wanted = int(self.ratio * int(counts["rows"].to_numpy().max(initial=0)))
        return {label: wanted - rows for label, rows in counts.iter_rows() if rows < wanted}


def _stream(rows: pl.DataFrame) -> np.ndarray:
    """The rows as an Arrow stream (bytes,) uint8: exact in every type, and no pickle."""
    held = BytesIO()
    rows.rechunk().write_ipc_stream(held)
    return np.frombuffer(held.getvalue(), np.uint8)
