"""Networks that embed the pieces which the train rows know, not the tokenizer's whole vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from trimtab.models.family import Blueprint, Family, TextClassifier


@dataclass(frozen=True)
class Start:
    """Where a student's embeddings start: the teacher's table, and the pieces to keep of it.

    `table` (vocabulary, width) float32; `pieces` sorted token numbers, a few thousand as a rule.
    """

    table: torch.Tensor
    pieces: Sequence[int]

    @classmethod
    def of(cls, table: torch.Tensor, rows: Iterable[Sequence[int]]) -> Start:
        """Keep every piece that occurs in `rows`."""
        return cls(table, sorted({int(piece) for row in rows for piece in row}))

    def sizes(self) -> dict[str, object]:
        """What a blueprint says of it."""
        vocabulary, width = self.table.shape
        return {"vocabulary": vocabulary, "width": width, "pieces": list(self.pieces)}


class KnownWords(torch.nn.Module):
    """Embeds known pieces; a piece that no train row had counts as absent."""

    def __init__(self, vocabulary: int, width: int, pieces: Sequence[int]) -> None:
        super().__init__()
        place = np.zeros(vocabulary, np.int64)
        place[np.asarray(pieces, np.int64)] = np.arange(1, len(pieces) + 1)
        self.register_buffer("place", torch.from_numpy(place), persistent=False)
        self.table = torch.nn.Embedding(len(pieces) + 1, width)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Places in the table (rows, tokens) int64, and which are known (rows, tokens) float32."""
        places = self.place[input_ids] * attention_mask
        return places, (places > 0).to(self.table.weight.dtype)

    def start(self, start: Start) -> None:
        """Copy the teacher's embeddings."""
        with torch.no_grad():
            self.table.weight[1:] = start.table[torch.as_tensor(start.pieces)]


class WordClassifier(TextClassifier):
    """A classifier whose first layer embeds known pieces."""

    words: KnownWords


class WordFamily(Family):
    """A family whose networks start from word embeddings; `sizes` are those of its network besides theirs."""

    network: ClassVar[type[WordClassifier]]

    def __init__(self, start: Start | None, **sizes: object) -> None:
        self.start = start
        self.sizes = sizes

    def blueprint(self, classes: int, dropout: float) -> Blueprint:
        """Sizes and known pieces; the embeddings themselves are weights."""
        if self.start is None:
            raise ValueError(f"a {self.name} model starts from word embeddings")
        return Blueprint(self.name, classes, dropout, {**self.start.sizes(), **self.sizes})

    def build(self, blueprint: Blueprint, fresh: bool) -> WordClassifier:
        """The network, its embeddings copied from the teacher's when fresh."""
        network = self.network(**blueprint.parameters, classes=blueprint.classes, dropout=blueprint.dropout)
        if fresh and self.start is not None:
            network.words.start(self.start)
        return network
