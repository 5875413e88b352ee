"""Mixes pairs of train pictures, and says in what parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import UsualColumn
from trimtab.core.objects import Batch
from trimtab.data.added_rows import AddedRows, extended
from trimtab.data.augment_image import picture_column
from trimtab.data.kinds import present
from trimtab.data.pictures import decode, encode, pillow

MIX_LABEL, MIX_WEIGHT = "mix_label", "mix_weight"


@dataclass(frozen=True)
class Mixup(AddedRows):
    """Add `copies` of a `share` of the pictures, each blended with a picture of another row.

    mixup (Zhang et al., 2018): the weight of the row's own picture and label is drawn from Beta(alpha,
    alpha); if it is under a half, one minus it is taken, so that the row's label is the dominant one (the
    pair the other way round is as likely). The soft label stands in two new columns: `mix_weight` is the
    weight of `label`, and `mix_label` the partner's label, with the rest of the weight. Rows that are not
    mixed have weight 1 and no `mix_label`; a learner that knows no soft labels reads `label`.

    The partner may be any other row with a picture and a label, so all rows must lie in one block. It is
    scaled to the row's size. Mixed rows are not mixed again.
    """

    name: ClassVar[str] = "mixup"
    accepts: ClassVar[frozenset[str]] = frozenset({"image"})
    needs_label: ClassVar[bool] = True

    alpha: Annotated[float, Field(gt=0, le=100)] = 0.2
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    image: UsualColumn = "image"
    label: UsualColumn = "label"

    @property
    def together(self) -> tuple[str, ...]:
        """All rows: each is a possible partner."""
        return ()

    def __call__(self, batch: Batch) -> Batch:
        """The rows, and after them the mixed ones."""
        picture_column(batch, self.image, self.name)
        present(batch, [self.label], self.name)
        batch = self._with_weights(batch)
        pool = self._pool(batch)
        at: list[int] = []
        partners: list[int] = []
        fresh: list[bytes] = []
        weights: list[float] = []
        ids: list[np.ndarray] = [np.zeros(0, np.int64)]
        for copy in range(1, self.copies + 1):
            taken = []
            for rank, rng in enumerate(self.draws(batch.ids[pool], copy)):
                if rng.random() >= self.share or len(pool) < 2:
                    continue
                step = int(rng.integers(1, len(pool)))  # to another row: never a whole turn
                place, partner = int(pool[rank]), int(pool[(rank + step) % len(pool)])
                weight = max(drawn := float(rng.beta(self.alpha, self.alpha)), 1 - drawn)
                taken.append(place)
                partners.append(partner)
                weights.append(weight)
                fresh.append(self._blend(batch, place, partner, weight))
            at += taken
            ids.append(self.new_ids(batch.ids[taken], copy))
        labels = batch[self.label].gather(partners)
        changed: dict[str, Any] = {self.image: fresh, MIX_LABEL: labels, MIX_WEIGHT: weights}
        return extended(batch, np.array(at, np.int64), np.concatenate(ids), changed)

    def _with_weights(self, batch: Batch) -> Batch:
        if MIX_WEIGHT in batch.columns.columns:
            return batch
        none = pl.repeat(None, len(batch), dtype=batch[self.label].dtype, eager=True)
        return batch.with_columns(**{MIX_LABEL: none, MIX_WEIGHT: np.ones(len(batch))})

    def _pool(self, batch: Batch) -> np.ndarray:
        """The places, in order of id, of the rows that can be mixed."""
        whole = batch[self.image].is_not_null() & batch[self.label].is_not_null()
        usable = (whole & batch[MIX_LABEL].is_null()).to_numpy()
        order = np.argsort(batch.ids, kind="stable")
        return order[usable[order]]

    def _blend(self, batch: Batch, place: int, partner: int, weight: float) -> bytes:
        image = pillow("Image", self.name)
        own, other = (self._picture(batch, at) for at in (place, partner))
        mode = own.mode if own.mode == other.mode else "RGBA" if "RGBA" in (own.mode, other.mode) else "RGB"
        own, other = own.convert(mode), other.convert(mode)
        if other.size != own.size:
            other = other.resize(own.size, image.Resampling.BILINEAR)
        return encode(image.blend(other, own, weight))

    def _picture(self, batch: Batch, at: int) -> Any:
        return decode(batch[self.image][at], self.name, int(batch.ids[at]))
