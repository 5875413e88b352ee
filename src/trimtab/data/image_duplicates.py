"""Drops pictures that look the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.data.augment_image import picture_column
from trimtab.data.copies import Copies
from trimtab.data.pairs import Pairs
from trimtab.data.perceptual import BITS, Method, picture_hash, similar_hashes
from trimtab.data.table import brief


@dataclass(frozen=True)
class ImageDuplicates(Copies):
    """Drop pictures whose perceptual hash differs in at most `distance` of 64 bits from one that stays.

    So a picture is found again after a change of size, format, quality or brightness; not after a crop or a
    mirror. With `keep: longest` the picture of most pixels stays. A missing picture is like none.
    """

    name: ClassVar[str] = "image_duplicates"
    accepts: ClassVar[frozenset[str]] = frozenset({"image"})

    image: UsualColumn = "image"
    method: Method = "phash"
    distance: Annotated[int, Field(ge=0, le=20)] = 4

    def summary(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """The hash of each picture (rows,), and whether there is one."""
        pictures = batch[picture_column(batch, self.image, self.name)]
        hashes = [
            0 if picture is None else self._hash(picture, row)
            for row, picture in zip(batch.ids.tolist(), pictures, strict=True)
        ]
        return np.array(hashes, np.uint64), pictures.is_not_null().to_numpy()

    def pairs(self, summaries: Sequence[tuple[np.ndarray, np.ndarray]], order: np.ndarray) -> Pairs:
        """The pictures that are alike."""
        hashes, there = (np.concatenate(parts)[order] for parts in zip(*summaries, strict=True))
        return similar_hashes(hashes, there, self.distance)

    def reasons(self, twin: np.ndarray, likeness: np.ndarray) -> list[str]:
        """The picture that each is like, and how much."""
        bits = np.rint((1 - likeness) * BITS).astype(int)
        return [
            f"looks like row {row} ({self.method} differs in {count} of {BITS} bits)"
            for row, count in zip(twin.tolist(), bits.tolist(), strict=True)
        ]

    def length(self, batch: Batch) -> pl.Series:
        """The pixels of each picture."""
        opener = optional("PIL.Image", "data", f"step {self.name}")
        sizes = []
        for picture in batch[self.image]:
            with opener.open(BytesIO(picture)) if picture is not None else opener.new("L", (0, 0)) as opened:
                sizes.append(opened.width * opened.height)
        return pl.Series(sizes, dtype=pl.Int64)

    def _hash(self, picture: bytes, row: int) -> int:
        try:
            return picture_hash(picture, self.method)
        except OSError as error:
            raise DataError(
                f"step {self.name}",
                f"row {row} of column '{self.image}' is no picture ({brief(error)})",
                "drop the row first",
            ) from error
