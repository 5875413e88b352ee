"""Makes more train rows out of those there are."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data import tally
from trimtab.data.terms import CJK

_PIECE = re.compile(rf"[{CJK}]|[^\s{CJK}]+")
_JOINT = re.compile(rf"(?<=[{CJK}]) (?=[{CJK}])")


@dataclass(frozen=True)
class RandomEdit(Step):
    """Add `copies` of each row with words deleted, swapped, or inserted again elsewhere; the label stays.

    Easy data augmentation (Wei and Zou, 2019) without its synonyms, which need a thesaurus: `rate` of the
    words, at least one, are edited. Of Chinese and Japanese the characters are the words. Copy k of row i
    gets the id `i + k * (base + 1)`, where `base` is the largest id seen in learning: new, and traced back
    to its source by the remainder. A row of fewer than two words is not copied; a copy that came out equal
    to its row is not kept.
    """

    name: ClassVar[str] = "random_edit"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    train_only: ClassVar[bool] = True
    adds_rows: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("base",)

    rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    seed: Annotated[int, Field(ge=0)] = 0
    text: str = "text"
    base: int | None = None

    def partial(self, batch: Batch) -> int:
        """The largest id; -1 of no rows."""
        return int(batch.ids.max(initial=-1))

    def merge(self, left: int, right: int) -> int:
        """The larger one."""
        return max(left, right)

    def finish(self, total: int) -> Self:
        """The step that knows which ids are free."""
        return replace(self, base=total)

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them their edited copies."""
        if self.base is None:
            raise ValueError("step random_edit has not learned which ids are free: call learn first")
        tally.present(batch, [self.text], self.name)
        at, texts, ids = [], [], []
        for copy in range(1, self.copies + 1):
            for place, (row, value) in enumerate(zip(batch.ids.tolist(), batch[self.text], strict=True)):
                edited = edit(value or "", self.rate, np.random.default_rng([self.seed, row, copy]))
                if edited is not None:
                    at.append(place)
                    texts.append(edited)
                    ids.append(row + copy * (self.base + 1))
        if not at:
            return batch
        more = batch.columns[at].with_columns(pl.Series(self.text, texts, pl.String))
        return replace(
            batch,
            columns=pl.concat([batch.columns, more]),
            ids=np.concatenate((batch.ids, np.array(ids, np.int64))),
        )


def edit(text: str, rate: float, rng: np.random.Generator) -> str | None:
    """The text with `rate` of its words, at least one, deleted, swapped or inserted; None if it stays equal.

    >>> edit("lost", 0.1, np.random.default_rng(0)) is None
    True
    """
    words = _PIECE.findall(text)
    if len(words) < 2:
        return None
    edited = list(words)
    for _ in range(max(1, round(rate * len(words)))):
        kind = int(rng.integers(3))
        one, two = (int(place) for place in rng.integers(len(edited), size=2))
        if kind == 0 and len(edited) > 1:
            del edited[one]
        elif kind == 1:
            edited[one], edited[two] = edited[two], edited[one]
        else:
            edited.insert(two, words[int(rng.integers(len(words)))])
    return _JOINT.sub("", " ".join(edited)) if edited != words else None
