"""Fills missing values by those of the most similar train rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from trimtab.core.columns import FillableColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.sample import Rows, add_rows, rows_of, sample
from trimtab.data.table_matrix import Levels, Scale, Table, fillable, fit

CHUNK = 256
"""Rows compared with all reference rows at a time."""


@dataclass(frozen=True)
class ImputeKnn(Step):
    """Fill a gap by the `neighbours` train rows that are nearest and have a value there (Troyanskaya et
    al., 2001).

    A number is filled by their mean, a category by their commonest (of several, the first in the alphabet);
    `weights: distance` counts near ones more. The distance is Euclidean over the columns that both rows
    have, scaled up for those they have not, as in scikit-learn's KNNImputer; numbers are standardised, two
    different categories are 1 apart (heterogeneous distance, Wilson and Martinez, 1997). `columns` are
    numbers and categories, by default all but text and label; dates are refused. Where no row has a value
    in common with the gap's, the mean or the commonest is filled.

    The reference rows travel with the model: at most `reference` of the train rows, drawn by a hash of
    their ids. Integers become floats. A fill is one of the `levels` most frequent categories of its column.
    """

    name: ClassVar[str] = "impute_knn"
    learned: ClassVar[tuple[str, ...]] = ("numbers", "categories", "known")

    neighbours: Annotated[int, Field(ge=1)] = 5
    weights: Literal["uniform", "distance"] = "uniform"
    reference: Annotated[int, Field(ge=1)] = 5000
    levels: Annotated[int, Field(ge=1)] = 50
    columns: tuple[FillableColumn, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    seed: int = 0
    numbers: tuple[Scale, ...] | None = None
    categories: tuple[Levels, ...] | None = None
    known: np.ndarray | None = None
    """(reference rows, cells)"""

    def partial(self, batch: Batch) -> Rows:
        """A sample of the rows."""
        names = fillable(batch, self.columns, (self.text, self.label), self.name)
        return sample(rows_of(batch, names), self.reference, self.seed)

    def merge(self, left: Rows, right: Rows) -> Rows:
        """The sample of both blocks."""
        return sample(add_rows(left, right), self.reference, self.seed)

    def finish(self, total: Rows) -> Self:
        """The step with its reference rows."""
        batch = total.batch()
        table = fit(batch, batch.columns.columns, self.levels)
        return replace(self, numbers=table.numbers, categories=table.categories, known=table.encode(batch))

    def __call__(self, batch: Batch) -> Batch:
        """The rows without the missing values; a column that is not there is passed over."""
        table = Table(self.numbers or (), self.categories or ())
        batch = table.read(batch, self.name)
        matrix = table.encode(batch)
        gaps = np.flatnonzero(np.isnan(matrix).any(axis=1))
        filled = [self._fill(matrix[gaps[at : at + CHUNK]], table) for at in range(0, len(gaps), CHUNK)]
        return table.filled(batch, np.concatenate(filled or [matrix[:0]]), gaps)

    def _fill(self, rows: np.ndarray, table: Table) -> np.ndarray:
        known = np.asarray(self.known)
        away = distances(rows, known, table)
        order = np.argsort(away, axis=1, kind="stable")
        filled = rows.copy()
        for cells in table.cells:
            gaps = np.flatnonzero(np.isnan(rows[:, cells]).any(axis=1))
            if len(gaps):
                filled[gaps, cells] = self._mean(known[:, cells], away[gaps], order[gaps])
        return filled

    def _mean(self, known: np.ndarray, away: np.ndarray, order: np.ndarray) -> np.ndarray:
        """The weighted mean (gaps, cells) of the nearest rows that have a value; of all such if none is
        near."""
        there = ~np.isnan(known).any(axis=1)
        usable = there[order] & np.isfinite(np.take_along_axis(away, order, 1))
        rank = usable.cumsum(axis=1)
        at, place = np.nonzero(usable & (rank <= self.neighbours))
        nearest = np.zeros((len(order), self.neighbours), np.int64)
        nearest[at, rank[at, place] - 1] = order[at, place]
        weight = np.zeros(nearest.shape)
        weight[at, rank[at, place] - 1] = 1.0
        if self.weights == "distance":
            apart = np.take_along_axis(away, nearest, 1)
            same = (apart == 0) & (weight > 0)
            inverse = weight / np.where(apart > 0, apart, 1.0)
            weight = np.where(same.any(axis=1, keepdims=True), same, inverse)
        total = weight.sum(axis=1, keepdims=True)
        mean = (weight[:, :, None] * np.nan_to_num(known)[nearest]).sum(axis=1) / np.where(
            total > 0, total, 1.0
        )
        return np.where(total > 0, mean, known[there].mean(axis=0))


def distances(rows: np.ndarray, known: np.ndarray, table: Table) -> np.ndarray:
    """Distances (rows, reference rows); infinite where two rows share no column.

    Summed column by column and not by a matrix product, whose last digits depend on how many rows come at
    once.
    """
    total, shared = np.zeros((2, len(rows), len(known)))
    for at, cells in enumerate(table.cells):
        left, right = rows[:, cells], known[:, cells]
        both = ~np.isnan(left[:, :1]) & ~np.isnan(right[:, 0])
        if at < len(table.numbers):
            apart = (left - right[:, 0]) ** 2
        else:
            apart = 1 - np.nan_to_num(left) @ np.nan_to_num(right).T  # of zeros and ones: exact
            apart = np.where(both & (apart > 0), 1.0, 0.0)
        total += np.where(both, apart, 0.0)
        shared += both
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.sqrt(total * len(table.cells) / shared)
    return np.where(shared > 0, scaled, np.inf)
