"""The static student: a weighted mean of word embeddings and a small perceptron."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from trimtab.models.family import Settings, weighted_mean
from trimtab.models.vocabulary import KnownWords, Start, WordClassifier, WordFamily


class StaticClassifier(WordClassifier):
    """A deep averaging network (Iyyer et al., 2015) whose words learn how much they count in the mean."""

    def __init__(
        self, vocabulary: int, width: int, pieces: list[int], hidden: int, classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.words = KnownWords(vocabulary, width, pieces)
        self.weight = torch.nn.Embedding(len(pieces) + 1, 1)
        torch.nn.init.zeros_(self.weight.weight)
        self.dropout = torch.nn.Dropout(dropout)
        self.head = perceptron(width, hidden, classes, dropout)

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The weighted mean (rows, width) of the known pieces."""
        return self.mean(*self.words(input_ids, attention_mask))

    def mean(self, places: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """The weighted mean (rows, width) of the words at `places`, of those that are `known`."""
        weight = known * self.weight(places).squeeze(-1).exp()
        return weighted_mean(self.words.table(places), weight)


def perceptron(width: int, hidden: int, classes: int, dropout: float) -> torch.nn.Module:
    """A head with one hidden layer."""
    return torch.nn.Sequential(
        torch.nn.Linear(width, hidden),
        torch.nn.ReLU(),
        torch.nn.Dropout(dropout),
        torch.nn.Linear(hidden, classes),
    )


class Static(WordFamily):
    """The cheapest student: 20 microseconds a text; it hears no order of words."""

    name: ClassVar[str] = "static"
    network: ClassVar[type[WordClassifier]] = StaticClassifier
    defaults: ClassVar[Settings] = Settings(
        epochs=30, batch_size=64, learning_rate=1e-3, head_learning_rate=1e-3, dropout=0.2, patience=4
    )
    space: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "learning_rate": ("log", 3e-4, 5e-3),
        "dropout": ("float", 0.0, 0.5),
        "weight_decay": ("log", 1e-3, 1e-1),
        "batch_size": ("choice", 32, 64, 128),
    }

    def __init__(self, start: Start | None = None, hidden: int = 512, **more: object) -> None:
        super().__init__(start, hidden=hidden, **more)
