"""Drops rows that mean the same: whose embeddings point the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import TEXT, VECTORS, Columns, Fault, UsualColumn, unfit
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.copies import Copies
from trimtab.data.cosine import similar_vectors
from trimtab.data.encoder import Encoder
from trimtab.data.kinds import texts_of
from trimtab.data.pairs import Pairs

REMEDY = "name the one that holds vectors in `embedding`, or let an `encoder` (`minilm`) embed the texts"


@dataclass(frozen=True)
class SemanticDuplicates(Copies):
    """Drop rows whose embedding has a cosine of at least `similarity` with that of a row that stays.

    The embeddings are those that `encoder` (`minilm`, a Hugging Face id, a folder) gives the `text`; without
    an encoder they stand in the column `embedding` of the data. All pairs are compared up to `exact_rows`
    different embeddings; above, those that an inverted-file index (faiss) finds near, and each is verified.
    Rows without a text or an embedding (null, or all zeros) are like none. What cosine means the same depends
    on the encoder: look at the clusters before you trust a threshold.
    """

    name: ClassVar[str] = "semantic_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "image", "series"})
    models: ClassVar[tuple[str, ...]] = ("encoder",)

    encoder: str | None = None
    embedding: UsualColumn = "embedding"
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.95
    exact_rows: Annotated[int, Field(ge=0)] = 50_000

    @property
    def single(self) -> bool:
        """With an encoder, which reads texts; embeddings stand beside them."""
        return self.encoder is not None

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """That there are embeddings, unless an encoder makes them."""
        yield from super().check(columns)
        if columns is not None and self.encoder is None:
            there = self.embedding in columns
            faults = unfit(self.embedding, columns, VECTORS)
            yield from faults if there else [Fault(f"no column '{self.embedding}'", REMEDY)]
        elif columns is not None and self.text in columns:
            yield from unfit(self.text, columns, TEXT)

    def summary(self, batch: Batch) -> np.ndarray:
        """The rows' embeddings (rows, width)."""
        if self._encoder is None:
            return embeddings(batch, self.embedding, f"step {self.name}")
        return self._encoder(texts_of(batch, self.text, self.name).to_list())

    def pairs(self, summaries: Sequence[np.ndarray], order: np.ndarray) -> Pairs:
        """The rows that are alike."""
        width = max(block.shape[1] for block in summaries)
        blocks = [
            block if block.shape[1] else np.zeros((len(block), width), np.float32) for block in summaries
        ]
        odd = {block.shape[1] for block in blocks} - {width}
        if odd:
            raise DataError(
                f"step {self.name}",
                f"column '{self.embedding}' holds embeddings of {min(odd)} and of {width} numbers",
                "make all of them with one encoder",
            )
        return similar_vectors(np.concatenate(blocks)[order], self.similarity, self.exact_rows)

    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> list[str]:
        """The row that each is like, and how much."""
        pairs = zip(twin.tolist(), likeness.tolist(), strict=True)
        return [f"semantic duplicate of row {row} (cosine {like:.3f})" for row, like in pairs]

    @cached_property
    def _encoder(self) -> Encoder | None:
        return None if self.encoder is None else Encoder(self.encoder, f"step {self.name}")


def embeddings(batch: Batch, column: str, place: str) -> np.ndarray:
    """The vectors (rows, width) float32 of a column of lists; zeros where one is missing, or part of it.

    Raises:
        DataError: there is no such column, it holds no lists of finite numbers, or their lengths differ.
    """
    if column not in batch.columns.columns:
        raise DataError(place, f"no column '{column}'", REMEDY)
    there = batch[column].is_not_null().to_numpy()
    lists = batch[column].drop_nulls()
    width = _width(lists) if len(lists) else 0
    if width is None:
        raise DataError(
            place,
            f"column '{column}' holds no vectors of one length",
            "give each row a list of equally many numbers",
        )
    vectors = np.zeros((len(batch), width), np.float32)
    if width:
        vectors[there] = lists.cast(pl.Array(pl.Float32, width)).to_numpy()  # infinite where it is too large
    vectors[np.isnan(vectors).any(axis=1)] = 0
    odd = np.flatnonzero(np.isinf(vectors).any(axis=1))
    if len(odd):
        row = int(batch.ids[odd[0]])
        raise DataError(
            place,
            f"column '{column}' of row {row} holds a number that is infinite, or too large",
            "leave the row's vector out (null), or make it anew",
        )
    return vectors


def _width(lists: pl.Series) -> int | None:
    """How many numbers each list holds; none where they differ, are empty or hold something else."""
    if not of_numbers(lists):
        return None
    widths = lists.cast(pl.List(lists.dtype.inner)).list.len().unique()  # type: ignore[attr-defined]
    return (widths[0] or None) if len(widths) == 1 else None


def of_numbers(values: pl.Series) -> bool:
    """True for lists of numbers."""
    kind = values.dtype
    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else None
    return inner is not None and inner.is_numeric()
