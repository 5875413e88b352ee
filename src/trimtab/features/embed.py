"""Sentence embeddings of a pretrained encoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from trimtab.core.columns import TextColumn
from trimtab.core.errors import EnvironmentFault
from trimtab.core.objects import Batch
from trimtab.data.encoder import Encoder, Pooling
from trimtab.data.kinds import texts_of
from trimtab.features.feature import Feature, Names


@dataclass(frozen=True)
class Embed(Feature):
    """The embedding of `text` by `encoder`: a Hugging Face id, a folder, or the packaged `minilm`.

    Mean of the last hidden states (Reimers & Gurevych, 2019), or the first with `pooling: cls`; scaled to
    length 1; cut at `max_length` tokens. A missing text is all zeros. An embedding does not depend on its
    batch-mates. Learning remembers a hash of the weights, no copy: other weights are refused. Needs torch,
    to serve too.
    """

    name: ClassVar[str] = "embed"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    learned: ClassVar[tuple[str, ...]] = ("width", "weights")
    models: ClassVar[tuple[str, ...]] = ("encoder",)

    text: TextColumn = "text"
    encoder: str = "minilm"
    pooling: Pooling = "mean"
    prefix: str = ""
    max_length: Annotated[int, Field(ge=3)] = 256
    batch_size: Annotated[int, Field(ge=1)] = 32
    width: int | None = None
    weights: str | None = None

    def finish(self, total: object) -> Self:
        """The step with the encoder's width and the hash of its weights and tokenizer."""
        del total
        encoder = self._made()
        return replace(self, width=encoder.width, weights=encoder.weights_hash())

    def names(self, sources: Names) -> tuple[str, ...]:
        """Numbers of the dimensions."""
        del sources
        return tuple(f"{self.output}[{at}]" for at in range(self.width or 0))

    def vectors(self, batch: Batch) -> np.ndarray:
        """Embeddings (rows, width) of length 1."""
        texts = texts_of(batch, self.text, self.name)
        return self._checked([None if text is None else self.prefix + text for text in texts])

    def _made(self) -> Encoder:
        return Encoder(self.encoder, f"step {self.name}", self.pooling, self.max_length, self.batch_size)

    @cached_property
    def _checked(self) -> Encoder:
        """The encoder, once it is known to be the one that was learnt with."""
        encoder = self._made()
        if encoder.weights_hash() != self.weights:
            raise EnvironmentFault(
                f"step {self.name}",
                f"encoder '{self.encoder}' holds other weights than it was learnt with",
                "restore them, or learn again",
            )
        return encoder
