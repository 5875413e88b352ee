"""The rows that left the data, held as columns: millions of them cost what their values cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Drop:
    """One row that left the data, and why."""

    id: int
    step: str
    reason: str
    row: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Gone:
    """Rows that one step dropped from one block: `ids` and `reasons` (rows,), `rows` as they were."""

    step: str
    ids: np.ndarray
    reasons: pl.Series
    rows: pl.DataFrame

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Drop]:
        rows = self.rows.iter_rows(named=True)
        for number, reason, row in zip(self.ids.tolist(), self.reasons, rows, strict=True):
            yield Drop(number, self.step, reason, row)

    def __getitem__(self, at: int) -> Drop:
        return Drop(int(self.ids[at]), self.step, self.reasons[at], self.rows.row(at, named=True))

    def frame(self) -> pl.DataFrame:
        """Columns `step`, `id`, `reason` and `row` (a struct of the row's own columns)."""
        import polars as pl  # core itself needs NumPy and pydantic only

        about = pl.DataFrame({"step": pl.repeat(self.step, len(self), eager=True), "id": self.ids})
        return about.with_columns(self.reasons.alias("reason"), self.rows.to_struct("row"))

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """What `frame` gave."""
        rows = frame["row"].struct.unnest()
        return cls(frame["step"][0], frame["id"].to_numpy(), frame["reason"], rows)


@dataclass(frozen=True, eq=False)
class Dropped(Sequence[Drop]):
    """All rows that steps dropped, a part for each step and block, in the order they went.

    Reads as a sequence of `Drop`, and equals any sequence of the same drops. Code that meets many rows takes
    the columns of `parts`, since a `Drop` is a Python object for each row.
    """

    parts: tuple[Gone, ...] = ()

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __iter__(self) -> Iterator[Drop]:
        for part in self.parts:
            yield from part

    @overload
    def __getitem__(self, at: int) -> Drop: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Drop, ...]: ...
    def __getitem__(self, at: int | slice) -> Drop | tuple[Drop, ...]:
        places = range(len(self))[at]
        return self._at(places) if isinstance(places, int) else tuple(self._at(place) for place in places)

    def _at(self, place: int) -> Drop:
        for part in self.parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(place)

    def __add__(self, other: Dropped) -> Dropped:
        return Dropped(self.parts + other.parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            ours == theirs for ours, theirs in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as a list: equal to sequences of other kinds

    def save(self, folder: Path, first: int = 0) -> None:
        """Write one Parquet file for each part, numbered in order: `step`, `id`, `reason`, `row`."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(self.parts, first):
            part.frame().write_parquet(folder / f"{number:06d}.parquet", compression="lz4")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The dropped rows that `save` wrote; a folder that is not there holds none."""
        import polars as pl

        return cls(tuple(Gone.of(pl.read_parquet(path)) for path in sorted(folder.glob("*.parquet"))))
