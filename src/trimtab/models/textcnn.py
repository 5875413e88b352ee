"""The convolutional student: filters of a few widths over word embeddings, maximum over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from trimtab.models.family import Settings
from trimtab.models.vocabulary import KnownWords, Start, WordClassifier, WordFamily


class TextCNNClassifier(WordClassifier):
    """Kim (2014): parallel convolutions, ReLU, maximum over time, dropout, a linear head."""

    def __init__(
        self,
        vocabulary: int,
        width: int,
        pieces: list[int],
        filters: int,
        spans: list[int],
        classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.words = KnownWords(vocabulary, width, pieces)
        self.convolutions = torch.nn.ModuleList(
            torch.nn.Conv1d(width, filters, span, padding=span - 1) for span in spans
        )
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(filters * len(spans), classes)

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The pooled filters (rows, filters * spans).

        Padding and unknown pieces embed to zero and the convolutions reach over both ends, so the answer to
        a row does not depend on how far it was padded.
        """
        places, known = self.words(input_ids, attention_mask)
        signal = (self.words.table(places) * known.unsqueeze(-1)).transpose(1, 2)
        pooled = [self._peak(convolution, signal, attention_mask) for convolution in self.convolutions]
        return torch.cat(pooled, dim=1)

    def _peak(self, convolution: torch.nn.Conv1d, signal: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        response = torch.relu(convolution(signal))
        reach = int(convolution.padding[0])
        seen = torch.nn.functional.pad(mask, (reach, 0), value=1).unsqueeze(1).to(response.dtype)
        return (response * seen).amax(dim=2)


class TextCNN(WordFamily):
    """A student that sees word order; it keeps fewer rows in a cascade than `bigrams`."""

    name: ClassVar[str] = "textcnn"
    network: ClassVar[type[WordClassifier]] = TextCNNClassifier
    defaults: ClassVar[Settings] = Settings(
        epochs=12, batch_size=64, learning_rate=1e-3, head_learning_rate=1e-3, dropout=0.3, patience=3
    )
    space: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "learning_rate": ("log", 3e-4, 3e-3),
        "dropout": ("float", 0.1, 0.6),
        "weight_decay": ("log", 1e-3, 1e-1),
        "batch_size": ("choice", 32, 64, 128),
    }

    def __init__(self, start: Start | None = None, filters: int = 128) -> None:
        super().__init__(start, filters=filters, spans=[2, 3, 4])
