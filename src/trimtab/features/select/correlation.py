"""Keeps features that go with the target, and one of those that go with each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Keep, Select, Selection
from trimtab.features.target import Target

_CHUNK = 512


@dataclass(frozen=True)
class SelectCorrelation(Select):
    """Keep the features with the highest correlation with the target, without near copies of each other.

    `method` is Pearson's or Spearman's (ranks). The score is the absolute correlation; for classes, the
    highest with any class against the rest. From the best on, a feature stays unless its correlation with one
    that stays is above `among`, until there are `keep`; scores under `least` never stay.
    """

    name: ClassVar[str] = "select_correlation"

    method: Literal["pearson", "spearman"] = "pearson"
    keep: Keep = 0.5
    least: Annotated[float, Field(ge=0, le=1)] = 0.0
    among: Annotated[float, Field(gt=0, le=1)] = 0.95

    def select(self, features: Matrix, target: Target) -> Selection:
        """By absolute correlation, the best first."""
        spearman = self.method == "spearman"
        wanted = target.columns()
        if spearman and not target.classes:
            wanted = rankdata(wanted, axis=0)
        wanted = _standard(wanted)
        scores = np.concatenate(
            [
                np.abs(block.T @ wanted).max(axis=1, initial=0.0)
                for block in _chunks(features, np.arange(features.shape[1]), spearman)
            ]
            or [np.zeros(0)]
        )
        scores = np.round(scores, 12)
        return Selection(scores, self._apart(features, scores, spearman))

    def _apart(self, features: Matrix, scores: np.ndarray, spearman: bool) -> np.ndarray:
        """True (features,) for those that stay."""
        count = self.keep if isinstance(self.keep, int) else ceil(self.keep * len(scores))
        order = np.lexsort((np.arange(len(scores)), -scores))
        order = order[scores[order] >= self.least]
        kept: list[int] = []
        columns = np.empty((features.shape[0], 0))
        for start, block in zip(
            range(0, len(order), _CHUNK), _chunks(features, order, spearman), strict=True
        ):
            near = (np.abs(block.T @ columns) > self.among).any(axis=1)
            among = np.abs(block.T @ block) > self.among
            fresh: list[int] = []
            for at in np.flatnonzero(~near).tolist():
                if len(kept) + len(fresh) == count:
                    break
                if not among[at, fresh].any():
                    fresh.append(at)
            kept += order[start + np.array(fresh, np.int64)].tolist()
            if len(kept) == count:
                break
            columns = np.concatenate([columns, block[:, fresh]], axis=1)
        found = np.zeros(len(scores), bool)
        found[kept] = True
        return found


def _chunks(features: Matrix, order: np.ndarray, spearman: bool) -> Iterator[np.ndarray]:
    """Columns in this order, some at a time, standardised: their products are correlations."""
    columns = features.tocsc() if isinstance(features, csr_matrix) else features
    for start in range(0, len(order), _CHUNK):
        block = columns[:, order[start : start + _CHUNK]]
        dense = np.asarray(block if isinstance(block, np.ndarray) else block.toarray(), np.float64)
        yield _standard(rankdata(dense, axis=0) if spearman else dense)


def _standard(columns: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and length 1; a constant one is zeros."""
    centred = columns - columns.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    constant = np.ptp(columns, axis=0) == 0
    return np.asarray(np.where(constant, 0, centred / np.where(constant, 1, length)))
