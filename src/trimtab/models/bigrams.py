"""The student that sees neighbours: the static student's mean beside what pairs of words say."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch.nn.functional import embedding, pad, relu

from trimtab.models.static import Static, StaticClassifier, perceptron
from trimtab.models.vocabulary import Start, WordClassifier


class BigramClassifier(StaticClassifier):
    """A deep averaging network, and the maximum over all pairs of neighbours of a few features of each pair.

    The features are a convolution of width two (Kim, 2014). Its products with the word embeddings are the
    same wherever a word stands, so they are computed once for the whole table and then looked up, as n-gram
    models look up theirs (Joulin et al., 2017): in the exported graph a pair costs an addition.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        pieces: list[int],
        hidden: int,
        classes: int,
        dropout: float,
        features: int,
    ) -> None:
        super().__init__(vocabulary, width, pieces, hidden, classes, dropout)
        self.first = torch.nn.Linear(width, features)
        self.second = torch.nn.Linear(width, features, bias=False)
        self.head = perceptron(width + features, hidden, classes, dropout)

    def embed(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The weighted mean of the known pieces, and the strongest features (rows, width + features)."""
        places, known = self.words(input_ids, attention_mask)
        next_place, next_known = (pad(each[:, 1:], (0, 1)) for each in (places, known))
        words = self.words.table.weight
        pairs = relu(embedding(places, self.first(words)) + embedding(next_place, self.second(words)))
        seen = (known * next_known).unsqueeze(-1)
        return torch.cat([self.mean(places, known), (pairs * seen).amax(dim=1)], dim=1)


class Bigrams(Static):
    """The front of a cascade: it keeps more texts than `static` and costs about as little."""

    name: ClassVar[str] = "bigrams"
    network: ClassVar[type[WordClassifier]] = BigramClassifier

    def __init__(self, start: Start | None = None, hidden: int = 512, features: int = 128) -> None:
        super().__init__(start, hidden, features=features)
