"""Does a copy still read like its class? Naive Bayes over character n-grams, the source row left out.

Multinomial naive Bayes is linear in the counts, and it is learnt by adding integers: so it is the same for
any number of blocks, and a row is left out exactly by subtracting its own counts, where another model would
have to be trained anew for each fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from scipy import sparse

from trimtab.data.alike import GRAMS, grams

SMOOTHING = 0.01
"""Added to every count: n-grams are many and most are rare."""


def count_grams(texts: Sequence[str], labels: pl.Series) -> pl.DataFrame:
    """How often each n-gram stands in each class: `label`, `gram`, `count`; rows without a label are left
    out.

    The gram -1 counts the rows of a class.
    """
    labels = labels.cast(pl.String)
    frames = [pl.DataFrame({"label": labels, "gram": -1, "count": 1})]
    if texts:
        found = grams(texts).tocoo()
        frames.append(
            pl.DataFrame({"label": labels.gather(found.row), "gram": found.col, "count": found.data})
        )
    kinds = {"label": pl.String, "gram": pl.Int64, "count": pl.Int64}
    return _summed(pl.concat([frame.cast(kinds) for frame in frames]))  # type: ignore[arg-type]


def merge_grams(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The counts of two blocks together."""
    return _summed(pl.concat([left, right]))


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    counted = frame.filter(pl.col("label").is_not_null()).group_by("label", "gram").agg(pl.col("count").sum())
    return counted.sort("label", "gram")


@dataclass(frozen=True)
class Counts:
    """What the model has seen: `cells` (n, 3) int64 are class number, gram (-1: rows) and count."""

    classes: tuple[str, ...]
    cells: np.ndarray

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """The counts as the learned step carries them."""
        classes = tuple(frame["label"].unique().sort())
        number = frame["label"].replace_strict(
            dict(zip(classes, range(len(classes)), strict=True)), return_dtype=pl.Int64
        )
        return cls(classes, np.column_stack([number, frame["gram"], frame["count"]]).astype(np.int64))

    def rows(self) -> np.ndarray:
        """Rows (classes,) int64."""
        of = self.cells[self.cells[:, 1] < 0]
        return np.bincount(of[:, 0], weights=of[:, 2], minlength=len(self.classes)).astype(np.int64)

    def matrix(self) -> np.ndarray:
        """Counts (classes, GRAMS) int64."""
        of = self.cells[self.cells[:, 1] >= 0]
        shape = (len(self.classes), GRAMS)
        return sparse.coo_matrix((of[:, 2], (of[:, 0], of[:, 1])), shape).toarray()


def agrees(
    model: Counts, sources: Sequence[str], copies: Sequence[str], labels: Sequence[str | None]
) -> np.ndarray:
    """True (copies,) where naive Bayes, having forgotten the source, gives the copy the source's label.

    All classes are equally likely beforehand: a class of few rows would lose its copies otherwise, and it
    needs them most. The copies of a row that has no label, or is the only one of its class, stay: nobody
    could disagree.
    """
    if not copies:
        return np.zeros(0, dtype=bool)
    number = {label: at for at, label in enumerate(model.classes)}
    counts, rows = model.matrix(), model.rows()
    weights = np.log(counts + SMOOTHING) - np.log(counts.sum(axis=1, keepdims=True) + SMOOTHING * GRAMS)
    asked, own = grams(copies), grams(sources)
    scores = np.asarray(asked @ weights.T)
    for at, label in enumerate(labels):
        if label in number:
            place = number[label]
            scores[at, place] = _without(counts[place], own[[at]], asked[[at]])
    best = scores.argmax(axis=1)
    return np.array(
        [
            label not in number or rows[number[label]] <= 1 or bool(best[at] == number[label])
            for at, label in enumerate(labels)
        ]
    )


def _without(counts: np.ndarray, own: Any, asked: Any) -> float:
    """The score of a class for the n-grams `asked`, as if it had never seen its row `own`."""
    left = np.maximum(counts[asked.indices] - np.asarray(own[:, asked.indices].todense()).ravel(), 0)
    total = counts.sum() - own.sum()
    return float(asked.data @ (np.log(left + SMOOTHING) - np.log(total + SMOOTHING * GRAMS)))
