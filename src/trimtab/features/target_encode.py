"""Categories as the mean target of their rows, out of fold on train rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import CATEGORIES, WORDS, CategoryColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.features.columns import chosen, column, words
from trimtab.features.encode import USUAL
from trimtab.features.feature import Feature, Names
from trimtab.features.folds import fold_of
from trimtab.features.matrix import as_series
from trimtab.features.target import Kind, as_numbers, classes_of, is_classes

Counts = dict[str, pl.DataFrame]
"""Column to a frame of `value`, `fold`, `target`, `rows`: every combination, and how many rows have it."""


@dataclass(frozen=True)
class TargetEncode(Feature):
    """The smoothed mean of the target over the rows of a category, dense (Micci-Barreca, 2001).

    A category with n rows is (sum + smoothing * prior) / (n + smoothing); an unknown one is the prior, the
    mean of all; missing is a category of its own. Of a class target, the mean is the share of each class;
    of two classes, of the second alone. A train row never sees its own label: its means leave out its fold,
    and folds follow from a hash of the row id. Later rows get the means of all train rows.
    """

    name: ClassVar[str] = "target_encode"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    needs_label: ClassVar[bool] = True
    takes: ClassVar[str] = USUAL
    learned: ClassVar[tuple[str, ...]] = ("classes", "categories", "means")

    columns: tuple[CategoryColumn, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    target: Kind = "auto"
    smoothing: Annotated[float, Field(ge=0)] = 10.0
    folds: Annotated[int, Field(ge=2)] = 5
    seed: int = 0
    classes: tuple[str, ...] | None = None
    categories: tuple[tuple[str, tuple[str | None, ...]], ...] | None = None
    means: np.ndarray | None = None
    """(folds + 1, categories of all columns and one unknown each, means); the last fold leaves out none."""

    def partial(self, batch: Batch) -> Counts:
        """How often category, fold and target fall together."""
        label = batch[present(batch, [self.label], self.name)[0]]
        target = words(label) if is_classes(label.dtype, self.target) else as_numbers(label)
        folds = fold_of(batch.ids, self.folds, self.seed)
        names = chosen(batch, self.columns, WORDS, [self.text, self.label], self.name, CATEGORIES)
        frames = {
            name: pl.DataFrame({"value": words(batch[name]), "fold": folds, "target": target})
            for name in names
        }
        return {name: _counted(frame.with_columns(rows=pl.lit(1))) for name, frame in frames.items()}

    def merge(self, left: Counts, right: Counts) -> Counts:
        """Counts of both blocks."""
        both = {name: [counts[name] for counts in (left, right) if name in counts] for name in left | right}
        return {name: _counted(pl.concat(frames, how="vertical_relaxed")) for name, frames in both.items()}

    def finish(self, total: Counts) -> Self:
        """The step with the means of every category, once for each fold left out, and once for none."""
        found = [self._means(frame) for _, frame in sorted(total.items())]
        classes = classes_of(frame["target"] for frame in total.values())
        width = _width(classes)
        means = np.concatenate([np.empty((self.folds + 1, 0, width)), *(means for _, means in found)], axis=1)
        categories = tuple((name, known) for name, (known, _) in zip(sorted(total), found, strict=True))
        return replace(self, classes=classes, categories=categories, means=means)

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column and class."""
        del sources
        assert self.classes is not None
        tails = [f" {name}" for name in (self.classes if len(self.classes) > 2 else self.classes[-1:])] or [
            ""
        ]
        return tuple(f"{name} mean{tail}" for name, _ in self.categories or () for tail in tails)

    def vectors(self, batch: Batch) -> np.ndarray:
        """Means (rows, columns * means) over all train rows."""
        return self._encoded(batch, np.full(len(batch), self.folds))

    def on_train(self, batch: Batch) -> Batch:
        """The rows that were learned from, each with the means of the other folds."""
        rows = self._encoded(batch, fold_of(batch.ids, self.folds, self.seed))
        return batch.with_columns(**{self.output: as_series(rows)})

    def _encoded(self, batch: Batch, folds: np.ndarray) -> np.ndarray:
        assert self.means is not None
        found, start = [np.empty((len(batch), 0))], 0
        for name, known in self.categories or ():
            number = {value: at for at, value in enumerate(known)}
            codes = [number.get(value, len(known)) for value in words(column(batch, name))]
            found.append(self.means[folds, start + np.array(codes, np.int64)])
            start += len(known) + 1
        return np.concatenate(found, axis=1).astype(np.float32)

    def _means(self, counts: pl.DataFrame) -> tuple[tuple[str | None, ...], np.ndarray]:
        """The categories of a column, and their means (folds + 1, categories + 1, means)."""
        known: tuple[str | None, ...] = tuple(counts["value"].unique(maintain_order=True))
        number: dict[Any, int] = {value: at for at, value in enumerate(known)}
        codes = np.array([number[value] for value in counts["value"]], np.int64)
        targets = _target_columns(counts["target"])
        rows = counts["rows"].to_numpy().astype(np.float64)
        sums = np.zeros((self.folds, len(known), targets.shape[1]))
        sizes = np.zeros((self.folds, len(known), 1))
        at = (counts["fold"].to_numpy(), codes)
        np.add.at(
            sums, at, targets * rows[:, None]
        )  # in the order of the sorted counts: the same for any blocks
        np.add.at(sizes, at, rows[:, None])
        others = [np.arange(self.folds) != fold for fold in range(self.folds + 1)]
        sums, sizes = (np.stack([part[kept].sum(axis=0) for kept in others]) for part in (sums, sizes))
        total = np.maximum(sizes.sum(axis=1, keepdims=True), 1)
        prior = sums.sum(axis=1, keepdims=True) / total
        means = (sums + self.smoothing * prior) / np.maximum(sizes + self.smoothing, 1e-12)
        means = np.where(sizes > 0, means, prior)
        return known, np.concatenate([means, prior], axis=1)


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    keys = ["value", "fold", "target"]
    frame = frame.filter(pl.col("target").is_not_null())
    return frame.group_by(keys).agg(pl.col("rows").cast(pl.Int64).sum()).sort(keys, nulls_last=True)


def _width(classes: tuple[str, ...]) -> int:
    return len(classes) if len(classes) > 2 else 1


def _target_columns(target: pl.Series) -> np.ndarray:
    """What is averaged (rows, means): a number, the second of two classes, or each class."""
    if target.dtype.is_numeric():
        return target.cast(pl.Float64).to_numpy()[:, None]
    classes = classes_of([target])
    kept = classes if len(classes) > 2 else classes[-1:]
    wanted = kept or ("",)
    return np.stack([(target == name).to_numpy() for name in wanted], axis=1).astype(np.float64)
