"""Four models that learn from few rows, as bench/augment.py compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import rjieba
import torch
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from trimtab.data.encoder import Encoder
from trimtab.data.words import is_chinese
from trimtab.features.tokens import Tokens
from trimtab.models import FAMILIES
from trimtab.models.batches import Examples, one_hot
from trimtab.models.fit import fit, predict
from trimtab.models.pretrained import Pretrained
from trimtab.models.vocabulary import Start

SETTINGS = {
    "textcnn": {"epochs": 25, "batch_size": 32, "patience": 6},
    "minilm": {
        "epochs": 8,
        "batch_size": 16,
        "patience": 3,
        "learning_rate": 3e-4,
        "head_learning_rate": 5e-3,
        "average": 0.0,
    },
}
"""The families' defaults are made for ten thousand rows: here an epoch has a few steps only, so there are
more and smaller ones, and no averaging over hundreds of steps that never come. Otherwise whatever adds steps
would look like a gain."""
FEW = 2_000
"""Drawn rows up to which that is so; above, the families' defaults hold."""

EMBEDDINGS: dict[str, np.ndarray] = {}
"""MiniLM's embedding (width,) of each text that was asked for."""


@dataclass(frozen=True)
class Rows:
    """Texts and class numbers (rows,) int64."""

    texts: tuple[str, ...]
    labels: np.ndarray


def linear(train: Rows, parts: Sequence[Rows], classes: int, seed: int, drawn: int) -> list[float]:
    """Macro-F1 on each part of a linear SVM over TF-IDF of words and characters."""
    del classes, drawn
    weigh = TfidfTransformer(sublinear_tf=True)
    model = LinearSVC(C=1.0, random_state=seed)
    model.fit(weigh.fit_transform(hashed(train.texts)), train.labels)
    return [macro_f1(part, model.predict(weigh.transform(hashed(part.texts)))) for part in parts]


@lru_cache(maxsize=6)
def hashed(texts: tuple[str, ...]) -> sparse.csr_matrix:
    """Counts of words, pairs of them, and characters within words (2 to 4), hashed."""
    split = [" ".join(rjieba.cut(text)) if is_chinese(text) else text for text in texts]
    words = HashingVectorizer(ngram_range=(1, 2), n_features=2**18, norm=None, alternate_sign=False)
    signs = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), n_features=2**18, norm=None, alternate_sign=False
    )
    return sparse.hstack([words.transform(split), signs.transform(texts)], format="csr")


def frozen(train: Rows, parts: Sequence[Rows], classes: int, seed: int, drawn: int) -> list[float]:
    """Macro-F1 on each part of a logistic regression over MiniLM's embeddings, which stay as they are."""
    del classes, seed, drawn
    model = LogisticRegression(C=10.0, max_iter=300)
    model.fit(embedded(train.texts), train.labels)
    return [macro_f1(part, model.predict(embedded(part.texts))) for part in parts]


def embedded(texts: tuple[str, ...]) -> np.ndarray:
    """Embeddings (texts, width) float32; a text is encoded once, whichever method or seed brings it again."""
    if fresh := sorted(set(texts) - EMBEDDINGS.keys()):
        EMBEDDINGS.update(zip(fresh, encoder()(fresh), strict=True))
    return np.stack([EMBEDDINGS[text] for text in texts])


@lru_cache(maxsize=1)
def encoder() -> Encoder:
    return Encoder("minilm", "bench")


def network(
    name: str, train: Rows, parts: Sequence[Rows], classes: int, seed: int, drawn: int
) -> list[float]:
    """Macro-F1 on each part of a network of trimtab's, its best epoch chosen on the first part.

    `drawn` is how many of the train rows are no copies: what a method adds must not change the settings.
    """
    examples = [tokenised(rows, classes) for rows in (train, *parts)]
    family = FAMILIES.load(name)() if name == "minilm" else student(name, examples[0])
    settings = family.defaults.override(SETTINGS[name] if drawn <= FEW else {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = family.build(family.blueprint(classes, settings.dropout), fresh=True)
    fit(built, examples[0], examples[1], settings, seed)
    return [
        macro_f1(part, predict(built, known.tokens)[0].argmax(axis=1))
        for part, known in zip(parts, examples[1:], strict=True)
    ]


def tokenised(rows: Rows, classes: int) -> Examples:
    return Examples(tokens().rows(list(rows.texts)), one_hot(rows.labels, classes), rows.labels)


@lru_cache(maxsize=1)
def tokens() -> Tokens:
    return Tokens(tokenizer=Pretrained().tokenizer())


@lru_cache(maxsize=1)
def words() -> torch.Tensor:
    return Pretrained().words()


def student(name: str, train: Examples):
    return FAMILIES.load(name)(start=Start.of(words(), train.tokens))


def macro_f1(rows: Rows, predicted: np.ndarray) -> float:
    return float(f1_score(rows.labels, predicted, average="macro"))
