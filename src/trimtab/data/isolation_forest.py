"""Finds rows that few random cuts set apart from all others, several columns together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import NUMBERS, QUANTITIES, TRUTHS, Columns, QuantityColumn, UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.step import Step
from trimtab.data import kinds
from trimtab.data.kinds import absent, numbers, present

Rows = tuple[tuple[str, ...], tuple[tuple[np.ndarray, np.ndarray], ...]]
"""Column names, and of each block row ids (rows,) and values (rows, columns), NaN where missing."""
COLUMN = "isolation_forest_outlier"
"""The column that `action: flag` adds."""
USUAL = 0.5
"""The score of a row that is found as late as rows are on average."""
_LARGEST = np.finfo(np.float32).max
CHUNK = 65_536
"""Rows scored at a time."""


@dataclass(frozen=True)
class IsolationForest(Step):
    """Find the rows whose isolation score is worse than that of all but `share` of the train rows.

    Isolation forest (Liu, Ting and Zhou, 2008), fitted by scikit-learn on all train rows, sorted by id.
    `columns` are numbers, by default all but the label; a missing value counts as the column's median, so
    it accuses nobody. A score below 0.5, which is that of a usual row, is never an outlier. The row as a
    whole is the outlier: `action` is `drop` (train rows only) or `flag` (a column
    `isolation_forest_outlier`). The trees travel as arrays, so a request is scored without scikit-learn.
    """

    name: ClassVar[str] = "isolation_forest"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    learned: ClassVar[tuple[str, ...]] = ("known", "medians", "roots", "nodes", "cuts", "usual", "cutoff")

    share: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    trees: Annotated[int, Field(ge=1)] = 100
    sample: Annotated[int, Field(ge=2)] = 256
    columns: tuple[QuantityColumn, ...] = ()
    action: Literal["drop", "flag"] = "drop"
    label: UsualColumn = "label"
    seed: int = 0
    known: tuple[str, ...] | None = None
    """The columns that hold a number in train."""
    medians: np.ndarray | None = None
    """(columns,)"""
    roots: np.ndarray | None = None
    """(trees,) the first node of each tree."""
    nodes: np.ndarray | None = None
    """(nodes, 3): left child, right child, column that is cut (-2 in a leaf)."""
    cuts: np.ndarray | None = None
    """(nodes, 2): where it is cut (left: at most that), and the path length that the node stands for."""
    usual: float | None = None
    """Sum over the trees of the path length of an unsuccessful search, the yardstick of the score."""
    cutoff: float | None = None
    """Rows with a higher score are outliers."""

    @property
    def train_only(self) -> bool:
        """Only dropping stays behind."""
        return self.action == "drop"

    def after(self, columns: Columns) -> Columns:
        """The flag too."""
        return {**columns, COLUMN: frozenset({TRUTHS})} if self.action == "flag" else columns

    def partial(self, batch: Batch) -> Rows:
        """The rows themselves."""
        if self.action == "flag":
            absent(batch, [COLUMN], self.name)
        names = [name for name in numbers(batch) if name != self.label]
        chosen = tuple(present(batch, self.columns or sorted(names), self.name, QUANTITIES))
        return chosen, ((batch.ids, _matrix(batch, chosen)),)

    def merge(self, left: Rows, right: Rows) -> Rows:
        """Rows of both blocks."""
        if left[0] != right[0]:
            raise DataError(
                f"step {self.name}", "two blocks have different columns of numbers", "name the `columns`"
            )
        return left[0], (*left[1], *right[1])

    def finish(self, total: Rows) -> Self:
        """The step with its trees; without any where train holds no number."""
        names, parts = total
        ids, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        values = values[np.argsort(ids, kind="stable")]
        there = np.any(np.isfinite(values), axis=0)
        names = tuple(name for name, one in zip(names, there.tolist(), strict=True) if one)
        if not names:
            return replace(self, known=())
        values = np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)[:, there]
        medians = np.nanmedian(values, axis=0)
        values = np.where(np.isnan(values), medians, values)
        ensemble = optional("sklearn.ensemble", "data", f"step {self.name}")
        forest = ensemble.IsolationForest(
            n_estimators=self.trees, max_samples=min(self.sample, len(values)), random_state=self.seed
        ).fit(values.astype(np.float32))
        fresh = replace(self, known=names, medians=medians, **_arrays(forest, min(self.sample, len(values))))
        return replace(fresh, cutoff=max(USUAL, float(np.quantile(fresh.scores(values), 1 - self.share))))

    def __call__(self, batch: Batch) -> Batch:
        """The rows after the action; a request that lacks one of the columns is no outlier."""
        if self.known is None or (not self.known and self.action == "drop"):
            return batch
        there = bool(self.known) and set(self.known) <= set(batch.columns.columns)
        if not there and self.action == "drop":
            present(batch, self.known, self.name)
        held = kinds.as_learnt(batch, dict.fromkeys(self.known, (NUMBERS,)), self.name)
        scores = self.scores(_matrix(held, self.known)) if there else np.zeros(len(batch))
        outside = scores > (self.cutoff if self.cutoff is not None else np.inf)
        if self.action == "flag":
            return batch.with_columns(**{COLUMN: pl.Series(outside, dtype=pl.Boolean)})
        words = pl.format(
            "isolation score {} is above {}", pl.col("score").round(4), pl.lit(round(self.cutoff or 0, 4))
        )
        why = pl.DataFrame({"score": scores[outside]}).select(words.alias("why"))["why"]
        return batch.keep(~outside, self.name, why.to_list())

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Isolation scores (rows,) of values (rows, columns): 0.5 is usual, 1 set apart by the first
        cut."""
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and far out either way
            filled = np.where(np.isnan(values), np.asarray(self.medians), values).astype(np.float32)
        starts = range(0, len(filled), CHUNK)
        return np.concatenate([self._scores(filled[at : at + CHUNK]) for at in starts] or [np.empty(0)])

    def _scores(self, values: np.ndarray) -> np.ndarray:
        if self.roots is None or self.nodes is None or self.cuts is None or not self.usual:
            return np.full(len(values), USUAL)
        left, right, column = self.nodes.T
        where, path = self.cuts.T
        rows, total = np.arange(len(values)), np.zeros(len(values))
        for root in self.roots:
            at = np.full(len(values), root)
            while (inner := column[at] >= 0).any():
                below = values[rows, np.maximum(column[at], 0)] <= where[at]
                at = np.where(inner, np.where(below, left[at], right[at]), at)
            total += path[at]
        return np.exp2(-total / self.usual)


def _matrix(batch: Batch, names: Sequence[str]) -> np.ndarray:
    """The values (rows, columns), NaN where missing."""
    table = [batch[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names]
    return np.column_stack(table) if table else np.empty((len(batch), 0))


def _arrays(forest: Any, drawn: int) -> dict[str, Any]:
    """The trees of a fitted scikit-learn forest, each grown from `drawn` rows, as the step keeps them."""
    trees = [one.tree_ for one in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    nodes, cuts = [], []
    for root, tree in zip(roots, trees, strict=True):
        inner = tree.children_left >= 0
        children = [np.where(inner, side + root, -1) for side in (tree.children_left, tree.children_right)]
        nodes.append(np.column_stack([*children, tree.feature]))
        cuts.append(np.column_stack([tree.threshold, _depths(tree) + search_path(tree.n_node_samples)]))
    return {
        "roots": roots,
        "nodes": np.concatenate(nodes).astype(np.int64),
        "cuts": np.concatenate(cuts),
        "usual": float(len(trees) * search_path(np.array([drawn]))[0]),
    }


def _depths(tree: Any) -> np.ndarray:
    """The depth (nodes,) of every node: 0 at the root."""
    depths = np.zeros(tree.node_count)
    level = np.array([0])
    while len(level := level[tree.children_left[level] >= 0]):
        for side in (tree.children_left, tree.children_right):
            depths[side[level]] = depths[level] + 1
        level = np.concatenate([tree.children_left[level], tree.children_right[level]])
    return depths


def search_path(rows: np.ndarray) -> np.ndarray:
    """Mean path length of an unsuccessful search in a binary tree of so many rows (Liu et al., 2008, eq.
    1).

    >>> search_path(np.array([1, 2, 256])).round(3).tolist()
    [0.0, 1.0, 10.245]
    """
    many = np.maximum(rows, 3).astype(float)
    path = 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many
    return np.where(rows > 2, path, np.where(rows == 2, 1.0, 0.0))
