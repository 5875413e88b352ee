"""Fills missing values by regressions of each column on all others, in rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from trimtab.core.columns import FillableColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.step import Step
from trimtab.data.sample import Rows, add_rows, rows_of, sample
from trimtab.data.table_matrix import Levels, Scale, Table, fillable, fit


@dataclass(frozen=True)
class ImputeModel(Step):
    """Fill each column's gaps by a regression on all other columns, `rounds` times over.

    Chained equations (van Buuren, 2007): Bayesian ridge regression for a number, as in scikit-learn's
    IterativeImputer, and ridge regression of a category's 0/1 cells, one for each of its `levels` most
    frequent values, of which the largest prediction is filled. Numbers are standardised, and a prediction
    stays within the range of train. The regressions are fitted on at most `reference` train rows, drawn by
    a hash of their ids. `columns` are numbers and categories, by default all but text and label; dates are
    refused. Integers become floats.

    Only the coefficients are kept, and applied by NumPy: a request needs no scikit-learn.
    """

    name: ClassVar[str] = "impute_model"
    learned: ClassVar[tuple[str, ...]] = (
        "numbers",
        "categories",
        "start",
        "low",
        "high",
        "targets",
        "weights",
    )

    rounds: Annotated[int, Field(ge=1)] = 5
    reference: Annotated[int, Field(ge=1)] = 10_000
    levels: Annotated[int, Field(ge=1)] = 20
    columns: tuple[FillableColumn, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    seed: int = 0
    numbers: tuple[Scale, ...] | None = None
    categories: tuple[Levels, ...] | None = None
    start: np.ndarray | None = None
    """(cells,) the means, from which the first round starts."""
    low: np.ndarray | None = None
    """(cells,) smallest and, in `high`, largest value of train."""
    high: np.ndarray | None = None
    targets: np.ndarray | None = None
    """(regressions,) the cell that each predicts, in the order in which they are applied."""
    weights: np.ndarray | None = None
    """(regressions, cells + 1): coefficients, that of the cell itself 0; and the intercept."""

    def partial(self, batch: Batch) -> Rows:
        """A sample of the rows."""
        names = fillable(batch, self.columns, (self.text, self.label), self.name)
        return sample(rows_of(batch, names), self.reference, self.seed)

    def merge(self, left: Rows, right: Rows) -> Rows:
        """The sample of both blocks."""
        return sample(add_rows(left, right), self.reference, self.seed)

    def finish(self, total: Rows) -> Self:
        """The step with its regressions; without any where fewer than two cells or rows are there."""
        batch = total.batch()
        table = fit(batch, batch.columns.columns, self.levels)
        known = replace(self, numbers=table.numbers, categories=table.categories)
        matrix = table.encode(batch)
        if matrix.shape[1] == 0:
            return known
        bounds = np.stack([np.nanmin(matrix, axis=0), np.nanmax(matrix, axis=0)])
        start = np.nanmean(matrix, axis=0)
        targets, weights = known._regressions(matrix, start, bounds, table)
        return replace(known, start=start, low=bounds[0], high=bounds[1], targets=targets, weights=weights)

    def __call__(self, batch: Batch) -> Batch:
        """The rows without the missing values; a column that is not there is passed over."""
        table = Table(self.numbers or (), self.categories or ())
        batch = table.read(batch, self.name)
        matrix = table.encode(batch)
        gaps = np.flatnonzero(np.isnan(matrix).any(axis=1))
        return table.filled(batch, self._filled(matrix[gaps]), gaps)

    def _filled(self, rows: np.ndarray) -> np.ndarray:
        if self.start is None or self.targets is None or self.weights is None or len(rows) == 0:
            return rows
        low, high = np.asarray(self.low), np.asarray(self.high)
        missing = np.isnan(rows)
        filled = np.where(missing, self.start, rows)
        for cell, weights in zip(self.targets.tolist(), self.weights, strict=True):
            gaps = np.flatnonzero(missing[:, cell])
            # Not a matrix product: its last digits depend on how many rows come at once.
            guess = (filled[gaps] * weights[:-1]).sum(axis=1) + weights[-1]
            filled[gaps, cell] = np.clip(guess, low[cell], high[cell])
        return filled

    def _regressions(
        self, matrix: np.ndarray, start: np.ndarray, bounds: np.ndarray, table: Table
    ) -> tuple[np.ndarray, np.ndarray]:
        """`targets` and `weights`; columns with the fewest gaps come first in each round."""
        linear = optional("sklearn.linear_model", "data", f"step {self.name}")
        missing = np.isnan(matrix)
        filled = np.where(missing, start, matrix)
        firsts = [cells.start for cells in table.cells]
        order = np.argsort(missing[:, firsts].mean(axis=0), kind="stable")
        targets: list[int] = []
        weights = [np.empty((0, matrix.shape[1] + 1))]
        for column in np.tile(order, self.rounds).tolist():
            cells = table.cells[column]
            gaps = missing[:, cells.start]
            others = np.delete(np.arange(matrix.shape[1]), cells)
            if len(others) == 0 or gaps.all() or (~gaps).sum() < 2:
                continue
            # A category's own cells add up to 1: they would predict each other, and no gap would ever move.
            model = linear.BayesianRidge() if column < len(table.numbers) else linear.Ridge()
            model.fit(filled[~gaps][:, others], _flat(filled[~gaps, cells]))
            fitted = np.zeros((cells.stop - cells.start, matrix.shape[1] + 1))
            fitted[:, others] = model.coef_
            fitted[:, -1] = model.intercept_
            if gaps.any():
                guess = model.predict(filled[gaps][:, others]).reshape(gaps.sum(), -1)
                filled[gaps, cells] = np.clip(guess, *bounds[:, cells])
            targets += range(cells.start, cells.stop)
            weights.append(fitted)
        return np.array(targets, np.int64), np.concatenate(weights)


def _flat(target: np.ndarray) -> np.ndarray:
    """(rows,) where there is one cell only: what scikit-learn expects of one target."""
    return target[:, 0] if target.shape[1] == 1 else target
