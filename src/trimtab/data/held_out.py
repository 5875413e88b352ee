"""Class probabilities of rows by models that have not seen them: scikit-learn, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.optional import optional
from trimtab.data.pictures import decode, pillow

SIDE, COMPONENTS = 16, 64
"""A picture is seen as SIDE x SIDE pixels in colour, reduced to so many principal components."""


def folds(ids: np.ndarray, classes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The fold (rows,) of each row: even within each class, by a hash of seed and id, whatever the order."""
    rank = [blake2b(f"{seed}\0{row}".encode(), digest_size=8).digest() for row in ids.tolist()]
    order = sorted(range(len(ids)), key=lambda at: (classes[at], rank[at]))
    fold = np.empty(len(ids), np.int64)
    fold[order] = np.arange(len(ids)) % count
    return fold


def probabilities(features: Any, classes: np.ndarray, fold: np.ndarray, model: Any) -> np.ndarray:
    """The probabilities (rows, classes) of each row by `model` fitted on the rows of all other folds.

    `features` is what the model takes, indexable by an array of rows; each class must have rows in two folds.
    """
    clone = optional("sklearn.base", "data", "held-out probabilities").clone
    limits = optional("threadpoolctl", "data", "held-out probabilities").threadpool_limits
    found = np.zeros((len(classes), int(classes.max()) + 1))
    with limits(1, user_api="openmp"):  # threads of boosting wait for each other where cores are shared
        for held in np.unique(fold):
            fitted = clone(model).fit(features[fold != held], classes[fold != held])
            found[fold == held] = fitted.predict_proba(features[fold == held])
    return found


def text_model() -> Any:
    """TF-IDF of words, pairs of words and characters, and logistic regression.

    Characters serve languages written without spaces, and spelling.
    """
    texts = optional("sklearn.feature_extraction.text", "data", "text model")
    pipeline = optional("sklearn.pipeline", "data", "text model")
    words = texts.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    characters = texts.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    return pipeline.make_pipeline(pipeline.make_union(words, characters), _regression(5.0))


def embedding_model() -> Any:
    """Logistic regression on standardised embeddings."""
    return _standardised(_regression(0.1))


def picture_model(rows: int) -> Any:
    """Logistic regression on the principal components of pixels."""
    decomposition = optional("sklearn.decomposition", "data", "picture model")
    components = min(COMPONENTS, rows // 2, 3 * SIDE * SIDE)
    return _standardised(decomposition.PCA(components, random_state=0), _regression(0.1))


def table_model() -> Any:
    """Gradient boosting on trees over histograms, which takes missing values as they are."""
    ensemble = optional("sklearn.ensemble", "data", "table model")
    return ensemble.HistGradientBoostingClassifier(early_stopping=False, random_state=0)


def _regression(strength: float) -> Any:
    linear = optional("sklearn.linear_model", "data", "linear model")
    return linear.LogisticRegression(C=strength, tol=1e-3, max_iter=1_000)


def _standardised(*parts: Any) -> Any:
    scaler = optional("sklearn.preprocessing", "data", "linear model").StandardScaler()
    return optional("sklearn.pipeline", "data", "linear model").make_pipeline(scaler, *parts)


def text_features(texts: pl.Series) -> np.ndarray:
    """The texts (rows,) as objects; a missing one is empty."""
    return np.array(texts.fill_null("").to_list(), dtype=object)


def picture_features(images: pl.Series, ids: np.ndarray, step: str, side: int = SIDE) -> np.ndarray:
    """Pixels (rows, 3 * side * side) of the pictures between 0 and 1."""
    bilinear = pillow("Image", step).Resampling.BILINEAR
    small = [
        decode(data, step, row).convert("RGB").resize((side, side), bilinear)
        for data, row in zip(images, ids.tolist(), strict=True)
    ]
    return np.array([np.asarray(picture, np.float64).ravel() / 255 for picture in small])


def table_features(rows: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Numbers (rows, columns) of a table, NaN where missing: times as numbers, categories by their rank."""
    columns = []
    for name in names:
        values = rows[name]
        if values.dtype.is_numeric() or values.dtype.is_temporal() or values.dtype == pl.Boolean:
            columns.append(values.to_physical().cast(pl.Float64))
        else:
            columns.append(values.cast(pl.String).rank("dense").cast(pl.Float64))
    return np.column_stack([column.to_numpy() for column in columns])
