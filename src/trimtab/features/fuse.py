"""Several feature columns as one, each block with its scale and its weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse import csr_matrix

from trimtab.core.columns import BLOCKS, FEATURES, BlockColumn, Columns, Fault, UsualColumn
from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.data.kinds import present
from trimtab.features.feature import Feature, Gathered, Names, gather, in_order, names_in
from trimtab.features.folds import fold_of, sample
from trimtab.features.matrix import Matrix, beside, features_of, matrix, unit_rows
from trimtab.features.target import Kind, Target, target_of

RIDGES = (0.01, 0.1, 1.0)
"""Penalties that are tried, as shares of the kernel's mean diagonal."""


@dataclass(frozen=True)
class Fuse(Feature):
    """Feature columns next to each other; sparse when one of them is.

    `columns` are by default all feature columns. `scaling` puts the blocks on one footing: `l2` scales every
    row of a block to length 1, `unit_variance` divides a block by the root of its columns' summed variance.
    `weights`: `equal`; a number for each column; or `learnt`: on at most `rows` train rows the kernel sum
    of w_b * K_b with weights that add up to 1 is tried on a grid of `grid` steps, by ridge regression on
    the target in `folds` folds (a small multiple kernel learning; Lanckriet et al., 2004), and the weights
    with the best share of right classes, or the least squared error, are kept. A block is scaled by the root
    of its weight.
    """

    name: ClassVar[str] = "fuse"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series", "image"})
    takes: ClassVar[str] = "columns of features"
    learned: ClassVar[tuple[str, ...]] = ("blocks",)

    columns: tuple[BlockColumn, ...] = ()
    scaling: Literal["l2", "unit_variance", "none"] = "l2"
    weights: Literal["equal", "learnt"] | tuple[Annotated[float, Field(ge=0)], ...] = "equal"
    label: UsualColumn = "label"
    target: Kind = "auto"
    rows: Annotated[int, Field(ge=10)] = 2_000
    folds: Annotated[int, Field(ge=2)] = 3
    grid: Annotated[int, Field(ge=1)] = 5
    seed: int = 0
    blocks: tuple[tuple[str, int, float], ...] | None = None
    """Column, width and factor of each block."""

    @property
    def needs_label(self) -> bool:
        """To learn weights only."""
        return self.weights == "learnt"

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """That there is something to fuse, and what any feature step asks for."""
        yield from super().check(columns)
        if (
            columns is not None
            and not self.columns
            and not any(FEATURES in kinds for kinds in columns.values())
        ):
            yield Fault("finds no features to fuse", "put steps that make them before it, such as tfidf")

    def partial(self, batch: Batch) -> tuple[dict[str, int], Gathered]:
        """The width of each block, and the rows where scale or weights must be learnt from them."""
        found = self.columns or tuple(name for name in features_of(batch) if name != self.output)
        widths = {name: matrix(batch, name).shape[1] for name in present(batch, found, self.name, BLOCKS)}
        needed = [*widths] if self._needs_rows else []
        if self.weights == "learnt":
            needed += present(batch, [self.label], self.name)
        return widths, gather(batch, needed)

    def merge(
        self, left: tuple[dict[str, int], Gathered], right: tuple[dict[str, int], Gathered]
    ) -> tuple[dict[str, int], Gathered]:
        """The wider of each block, and the rows of both."""
        names = left[0] | right[0]
        return {name: max(left[0].get(name, 0), right[0].get(name, 0)) for name in names}, left[1] + right[1]

    def finish(self, total: tuple[dict[str, int], Gathered]) -> Self:
        """The step with width and factor of each block.

        Raises:
            ConfigError: there are not as many weights as columns.
        """
        widths, rows = total
        names = self.columns or tuple(sorted(widths))
        batch = in_order(rows)
        spread = dict.fromkeys(names, 1.0)
        if self.scaling == "unit_variance":
            spread = {name: _spread(matrix(batch, name, widths[name])) for name in names}
        step = replace(self, blocks=tuple((name, widths[name], 1 / spread[name]) for name in names))
        weights = step._weights(batch) if self.weights == "learnt" else self._given(len(names))
        scaled = [
            (name, width, factor * float(np.sqrt(weight)))
            for (name, width, factor), weight in zip(step.blocks or (), weights, strict=True)
        ]
        return replace(self, blocks=tuple(scaled))

    def names(self, sources: Names) -> tuple[str, ...]:
        """Column and feature."""
        return tuple(
            f"{column}: {name}"
            for column, width, _ in self.blocks or ()
            for name in names_in(column, width, sources)
        )

    def vectors(self, batch: Batch) -> Matrix:
        """The blocks (rows, summed width), scaled."""
        return beside(self._scaled(batch), len(batch))

    @property
    def _needs_rows(self) -> bool:
        return self.scaling == "unit_variance" or self.weights == "learnt"

    def _scaled(self, batch: Batch) -> list[Matrix]:
        found = []
        for name, width, factor in self.blocks or ():
            block = matrix(batch, name, width)
            found.append((unit_rows(block) if self.scaling == "l2" else block) * np.float32(factor))
        return found

    def _given(self, count: int) -> tuple[float, ...]:
        if isinstance(self.weights, str):
            return (1.0,) * count
        if len(self.weights) != count:
            raise ConfigError(
                f"step {self.name}", f"{len(self.weights)} weights for {count} columns", "give one for each"
            )
        return self.weights

    def _weights(self, batch: Batch) -> tuple[float, ...]:
        """The weights of the kernels, which add up to the number of blocks."""
        count = len(self.blocks or ())
        batch = batch.take(np.flatnonzero(batch[self.label].is_not_null().to_numpy()))
        batch = batch.take(sample(batch.ids, self.rows, self.seed))
        target = target_of(batch[self.label], self.target)
        if count < 2 or not target.teaches:
            return (1.0,) * count
        kernels = [_kernel(block) for block in self._scaled(batch)]
        folds = fold_of(batch.ids, self.folds, self.seed)
        tried = [
            (np.array(shares) / self.grid)
            for shares in product(range(self.grid + 1), repeat=count)
            if sum(shares) == self.grid
        ]
        scored = [
            (max(_score(kernels, weights, target, folds)), -float((weights**2).sum()), *weights)
            for weights in tried
        ]
        return tuple(count * weight for weight in max(scored)[2:])  # of equals, the most even


def _spread(block: Matrix) -> float:
    """The root of the summed variances of a block's columns; 1 where nothing varies."""
    if block.shape[0] == 0:
        return 1.0
    squares = block.multiply(block) if isinstance(block, csr_matrix) else np.asarray(block, np.float64) ** 2
    mean = np.asarray(block.mean(axis=0, dtype=np.float64)).ravel()
    total = float((np.asarray(squares.mean(axis=0, dtype=np.float64)).ravel() - mean**2).sum())
    return float(np.sqrt(total)) if total > 1e-12 else 1.0


def _kernel(block: Matrix) -> np.ndarray:
    product = block @ block.T
    return product.toarray() if isinstance(product, csr_matrix) else np.asarray(product)


def _score(kernels: list[np.ndarray], weights: np.ndarray, target: Target, folds: np.ndarray) -> list[float]:
    """For each ridge, the score over all folds: the share of right classes, or minus the squared error."""
    kernel = sum(weight * each.astype(np.float64) for weight, each in zip(weights, kernels, strict=True))
    wanted = target.columns()
    answers = np.zeros((len(RIDGES), *wanted.shape))
    for fold in np.unique(folds):
        held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(rest) == 0:
            continue
        mean = wanted[rest].mean(axis=0)
        inner = kernel[np.ix_(rest, rest)]
        for at, ridge in enumerate(RIDGES):
            penalty = ridge * max(float(np.trace(inner)) / len(rest), 1e-12)
            try:
                factor = cho_factor(inner + penalty * np.eye(len(rest)))
            except LinAlgError:
                continue  # the fold is answered by zeros, and this ridge loses
            answers[at, held] = kernel[np.ix_(held, rest)] @ cho_solve(factor, wanted[rest] - mean) + mean
    if target.classes:
        return [float((answer.argmax(axis=1) == target.values).mean()) for answer in answers]
    return [-float(((answer - wanted) ** 2).mean()) for answer in answers]
