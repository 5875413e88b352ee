"""What the selecting steps share: what they read, what they keep, and how stable that is."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix

from trimtab.core.columns import BLOCKS, NUMERIC, QUANTITIES, BlockColumn, NumberColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.features.columns import chosen
from trimtab.features.feature import UNNAMED, Feature, Gathered, Names, gather, in_order, names_in
from trimtab.features.matrix import Matrix, matrix, narrow, numbers
from trimtab.features.select.stability import stability
from trimtab.features.target import Kind, Target, target_of

Keep = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]
"""How many features stay: a number, or a share."""
SHOWN = 50
"""Features that the report lists, the best first."""


class Selection(NamedTuple):
    """The score of each feature, the higher the better, and which are kept; both (features,)."""

    scores: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class Select(Feature):
    """A step that keeps some of the features in `column`, or some of the `columns` of numbers.

    Without a name, all columns of numbers but the label are meant. Rows without a label are not learnt from;
    missing values count as the column's mean while features are scored, and stay missing in what is kept.
    With `resamples` the selection is repeated on random halves of the rows: `frequency` says how often each
    feature was kept, `stability` how alike the selections are (Nogueira et al., 2018), with its 95 %
    interval.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series", "image"})
    takes: ClassVar[str] = "numbers, but for `label`"
    learned: ClassVar[tuple[str, ...]] = ("found", "kept", "scores", "frequency", "stability")
    needs_label: ClassVar[bool] = True

    column: BlockColumn = ""
    columns: tuple[NumberColumn, ...] = ()
    label: UsualColumn = "label"
    target: Kind = "auto"
    resamples: Annotated[int, Field(ge=0)] = 0
    seed: int = 0
    found: tuple[str, ...] | None = None
    """The columns of numbers that are read; empty when a feature column is."""
    kept: np.ndarray | None = None
    """Positions (kept,) int64 in rising order."""
    scores: np.ndarray | None = None
    """(features,) float64."""
    frequency: np.ndarray | None = None
    """(features,) float64, the share of the resamples that keep the feature; empty without any."""
    stability: tuple[float, ...] | None = None
    """The stability and the ends of its interval; empty where it is not defined."""

    @abstractmethod
    def select(self, features: Matrix, target: Target) -> Selection:
        """Score and choose the features (rows, features) without missing values; there is a row at least."""

    def partial(self, batch: Batch) -> Gathered:
        """The features and the label: no smaller summary would do for all methods."""
        closed = (self.label, self.output)
        read = (
            present(batch, [self.column], self.name, BLOCKS)
            if self.column
            else chosen(batch, self.columns, QUANTITIES, closed, self.name, NUMERIC)
        )
        label = present(batch, [self.label], self.name) if self.needs_label else []
        return gather(batch, [*read, *label])

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """The rows of both blocks."""
        return left + right

    def finish(self, total: Gathered) -> Self:
        """The step with the features it keeps."""
        batch = in_order(total)
        found = () if self.column else tuple(name for name in batch.columns.columns if name != self.label)
        if self.needs_label:
            batch = batch.take(np.flatnonzero(batch[self.label].is_not_null().to_numpy()))
            target = target_of(batch[self.label], self.target)
        else:
            target = Target(np.zeros(len(batch)), 0)
        features = filled(self._read(batch, found, None))
        selection = self._select(features, target)
        halves = [self._select(features[rows], target.take(rows)) for rows in self._halves(len(batch))]
        chosen_in = np.array([half.kept for half in halves], bool).reshape(len(halves), features.shape[1])
        return replace(
            self,
            found=found,
            kept=np.flatnonzero(selection.kept).astype(np.int64),
            scores=selection.scores.astype(np.float64),
            frequency=chosen_in.mean(axis=0) if halves else np.zeros(0),
            stability=stability(chosen_in),
        )

    def names(self, sources: Names) -> tuple[str, ...]:
        """The names of the features that are kept."""
        assert self.kept is not None
        known = self._all_names(sources)
        return tuple(known[at] for at in self.kept.tolist())

    @property
    def barren(self) -> bool:
        """True without a feature to select from; that none is kept may be meant."""
        return self.scores is not None and len(self.scores) == 0

    def summary(self, sources: Names) -> list[dict[str, Any]]:
        """Each feature with its score, whether it is kept, and its frequency, the best first."""
        assert self.kept is not None
        assert self.scores is not None
        assert self.frequency is not None
        known, kept = self._all_names(sources), set(self.kept.tolist())
        order = np.lexsort((np.arange(len(self.scores)), -self.scores)).tolist()
        return [
            {
                "feature": known[at],
                "score": float(self.scores[at]),
                "kept": at in kept,
                "frequency": float(self.frequency[at]) if len(self.frequency) else None,
            }
            for at in order
        ]

    def facts(self, sources: Names = UNNAMED) -> dict[str, Any]:
        """How many of how many features are kept, how stable that is, and the best of them."""
        ranked = self.summary(sources)
        told = {"of": len(ranked), "stability": list(self.stability or ()), "ranked": ranked[:SHOWN]}
        return super().facts(sources) | told

    def vectors(self, batch: Batch) -> Matrix:
        """The features that are kept (rows, kept)."""
        assert self.scores is not None
        return self._read(batch, self.found or (), len(self.scores))[:, self.kept]

    def _read(self, batch: Batch, found: tuple[str, ...], width: int | None) -> Matrix:
        if self.column:
            return matrix(batch, self.column, width)
        return narrow(numbers(batch, found, self.name))

    def _all_names(self, sources: Names) -> tuple[str, ...]:
        assert self.scores is not None
        return self.found or names_in(self.column, len(self.scores), sources)

    def _select(self, features: Matrix, target: Target) -> Selection:
        if features.shape[0] == 0 or (self.needs_label and not target.teaches):
            return Selection(np.zeros(features.shape[1]), np.ones(features.shape[1], bool))
        return self.select(features, target)

    def _halves(self, rows: int) -> list[np.ndarray]:
        return [
            np.sort(np.random.default_rng([self.seed, at]).permutation(rows)[: max(rows // 2, 1)])
            for at in range(self.resamples if rows > 1 else 0)
        ]


def filled(features: Matrix) -> Matrix:
    """Missing values as the mean of their column, or 0 where it has no value."""
    if isinstance(features, csr_matrix) or not np.isnan(features).any():
        return features
    there = ~np.isnan(features)
    mean = np.where(there, features, 0).sum(axis=0, dtype=np.float64) / np.maximum(there.sum(axis=0), 1)
    return np.where(there, features, mean).astype(np.float32)


def best(scores: np.ndarray, keep: int | float) -> np.ndarray:
    """True (features,) for the best; of equal scores, the first."""
    count = keep if isinstance(keep, int) else ceil(keep * len(scores))
    kept = np.zeros(len(scores), bool)
    kept[np.lexsort((np.arange(len(scores)), -scores))[:count]] = True
    return kept
