"""What every step that writes new texts shares: copies, their ids, and the filter that judges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import TextColumn, UsualColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.agree import Counts, agrees, count_grams, merge_grams
from trimtab.data.alike import Frequency, embedding_cosines, gram_cosines, gram_frequency
from trimtab.data.encoder import Encoder
from trimtab.data.kinds import present, texts_of

Texts = Sequence[str | None]


class _Seen(NamedTuple):
    """The summary of a block: its largest id, and the counts that the filter needs."""

    base: int
    frequency: Frequency | None
    grams: pl.DataFrame | None


@dataclass(frozen=True)
class Augment(Step):
    """Add up to `copies` rewritten copies of each row; every other column stays.

    Copy k of row i gets the id `i + k * (base + 1)`, where `base` is the largest id seen in learning: new,
    and traced back to its source by the remainder. A copy equal to its row or to an earlier copy of it is not
    kept.

    The filter: a copy stays if its cosine to the row is at least `least_cosine` (0 asks for nothing), by
    TF-IDF of character n-grams or, if `encoder` names one (`minilm`, a Hugging Face id, a folder), by its
    sentence embeddings; and, with `same_label`, if a linear model that has not seen the row gives the copy
    the row's label.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    train_only: ClassVar[bool] = True
    adds_rows: ClassVar[bool] = True
    models: ClassVar[tuple[str, ...]] = ("encoder",)
    learned: ClassVar[tuple[str, ...]] = ("base", "rows", "frequency", "classes", "counts")

    copies: Annotated[int, Field(ge=1, le=100)] = 1
    seed: Annotated[int, Field(ge=0)] = 0
    text: TextColumn = "text"
    label: UsualColumn = "label"
    least_cosine: Annotated[float, Field(ge=0, le=1)] = 0.0
    encoder: str | None = None
    same_label: bool = False
    base: int | None = None
    rows: int | None = None
    frequency: np.ndarray | None = None
    classes: tuple[str, ...] | None = None
    counts: np.ndarray | None = None

    @property
    def needs_label(self) -> bool:
        """For the filter only."""
        return self.same_label

    def rewrite(self, texts: Sequence[str], ids: Sequence[int], copy: int) -> Texts:
        """Copy number `copy` (from 1) of each text; None where there is nothing to rewrite."""
        raise NotImplementedError

    def partial(self, batch: Batch) -> Any:
        """The largest id (-1 of no rows), and the counts of n-grams that the filter needs."""
        texts = texts_of(batch, self.text, self.name).fill_null("").to_list()
        present(batch, [self.label] if self.same_label else [], self.name)
        by_grams = self.least_cosine > 0 and self.encoder is None
        return _Seen(
            int(batch.ids.max(initial=-1)),
            gram_frequency(texts) if by_grams else None,
            count_grams(texts, batch[self.label]) if self.same_label else None,
        )

    def merge(self, left: Any, right: Any) -> Any:
        """The larger id; sums of counts."""
        frequency = None if left.frequency is None else left.frequency + right.frequency
        grams = None if left.grams is None else merge_grams(left.grams, right.grams)
        return _Seen(max(left.base, right.base), frequency, grams)

    def finish(self, total: Any) -> Self:
        """The step that knows which ids are free, and what its filter compares with."""
        learned: dict[str, Any] = {"base": total.base}
        if total.frequency is not None:
            learned |= {"rows": total.frequency.rows, "frequency": total.frequency.with_gram}
        if total.grams is not None:
            counts = Counts.of(total.grams)
            learned |= {"classes": counts.classes, "counts": counts.cells}
        return replace(self, **learned)

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them their copies."""
        return self.grow(batch)[0]

    def grow(self, batch: Batch) -> tuple[Batch, dict[str, int]]:
        """The rows with their copies, and how many copies were kept and why others were not."""
        if self.base is None:
            raise ValueError(f"step {self.name} has not learned which ids are free: call learn first")
        texts = texts_of(batch, self.text, self.name).fill_null("").to_list()
        known = [{text} for text in texts]
        told: Counter[str] = Counter()
        at: list[int] = []
        fresh: list[str] = []
        ids: list[int] = []
        for copy in range(1, self.copies + 1):
            written = self.rewrite(texts, batch.ids.tolist(), copy)
            places, reasons = self._judge(batch, texts, written, known)
            told.update(reasons)
            at += places
            fresh += [str(written[place]) for place in places]
            ids += [int(batch.ids[place]) + copy * (self.base + 1) for place in places]
        return _extended(batch, self.text, at, fresh, ids), dict(sorted(told.items()))

    def _judge(
        self, batch: Batch, texts: Sequence[str], written: Texts, known: Sequence[set[str]]
    ) -> tuple[list[int], Mapping[str, int]]:
        """The places of the copies that stay, and the number of copies by what became of them."""
        told: Counter[str] = Counter()
        places = []
        for place, text in enumerate(written):
            if text is None or not text.strip():
                told["nothing to rewrite"] += 1
            elif text in known[place]:
                told["unchanged or repeated"] += 1
            else:
                known[place].add(text)
                places.append(place)
        if self.least_cosine > 0:
            near = self._cosines(texts, written, places) >= self.least_cosine
            told["too far from the source"] = int((~near).sum())
            places = [place for place, stays in zip(places, near, strict=True) if stays]
        if self.same_label and self.classes is not None and self.counts is not None:
            model = Counts(self.classes, self.counts)
            same = agrees(
                model,
                [texts[place] for place in places],
                [str(written[place]) for place in places],
                batch[self.label].gather(places).cast(pl.String).to_list(),
            )
            told["another label"] = int((~same).sum())
            places = [place for place, stays in zip(places, same, strict=True) if stays]
        told["kept"] = len(places)
        return places, told

    def _cosines(self, texts: Sequence[str], written: Texts, places: Sequence[int]) -> np.ndarray:
        before = [texts[place] for place in places]
        after = [str(written[place]) for place in places]
        if self._encoder is not None:
            return embedding_cosines(self._encoder, before, after)
        assert self.frequency is not None
        assert self.rows is not None
        return gram_cosines(before, after, Frequency(self.rows, self.frequency))

    @cached_property
    def _encoder(self) -> Encoder | None:
        return None if self.encoder is None else Encoder(self.encoder, f"step {self.name}")


@dataclass(frozen=True)
class Edit(Augment):
    """A step that rewrites each text by itself, with random numbers that follow from seed, row and copy."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.1

    def edit(self, text: str, rng: np.random.Generator) -> str | None:
        """The text, edited; None where there is nothing to edit."""
        raise NotImplementedError

    def rewrite(self, texts: Sequence[str], ids: Sequence[int], copy: int) -> Texts:
        """Each text edited."""
        return [
            self.edit(text, np.random.default_rng([self.seed, row, copy]))
            for text, row in zip(texts, ids, strict=True)
        ]


def chosen(places: Sequence[int], rate: float, of: int, rng: np.random.Generator) -> list[int]:
    """Some of `places`, in order: `rate` of `of` words, at least one, as far as there are places."""
    wanted = min(len(places), max(1, round(rate * of)))
    return sorted(int(place) for place in rng.choice(places, wanted, replace=False))


def grow_all(
    steps: Iterable[Step], batch: Batch
) -> tuple[tuple[Step, ...], Batch, tuple[dict[str, Any], ...]]:
    """Each step learned from the rows as the steps before it left them, the rows after all, and counts.

    One object a step: its name, and for steps that write texts the number of copies by what became of them.
    """
    learned: list[Step] = []
    told: list[dict[str, Any]] = []
    for step in steps:
        learned.append(step.learn(batch))
        last = learned[-1]
        batch, counts = last.grow(batch) if isinstance(last, Augment) else (last(batch), {})
        told.append({"step": last.name, **counts})
    return tuple(learned), batch, tuple(told)


def _extended(batch: Batch, text: str, at: list[int], fresh: list[str], ids: list[int]) -> Batch:
    if not at:
        return batch
    more = batch.columns[at].with_columns(pl.Series(text, fresh, pl.String))
    return replace(
        batch,
        columns=pl.concat([batch.columns, more]),
        ids=np.concatenate((batch.ids, np.array(ids, np.int64))),
    )
