"""Word embeddings for the pieces that the train rows know, instead of the tokenizer's whole vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch


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
