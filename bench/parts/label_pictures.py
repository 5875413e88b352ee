"""Label errors among pictures of CIFAR-10, against the votes of five people (Northcutt et al., 2021)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score

from trimtab.data.confident import doubts
from trimtab.data.held_out import (
    embedding_model,
    folds,
    picture_features,
    picture_model,
    probabilities,
)

FOLDS, ORIENTATIONS, CELL, TOP = 10, 9, 8, 54


def picture_rows(folder: Path, repeats: int) -> Iterator[dict]:
    """Average precision and precision at 54 of rankings by label quality, beside random.

    `all`: 54 errors among 1,275 pictures, of which 1,000 were not looked at by people and count as right.
    `flagged`: the 275 that a strong model doubted and people looked at, 54 of them errors.
    """
    index = pl.read_csv(folder / "index.csv")
    pictures = pl.Series([(folder / name).read_bytes() for name in index["file"]])
    ids = index["cifar10_test_index"].to_numpy()
    classes = index["given_label"].rank("dense").to_numpy().astype(np.int64) - 1
    flagged = index["mturk_flagged"].to_numpy() == 1
    wrong = flagged & (index["votes_given"].fill_null(5) < 3).to_numpy()
    pixels = picture_features(pictures, ids, "label_errors", side=32).reshape(len(ids), 32, 32, 3)
    fold = folds(ids, classes, FOLDS, 0)
    small = picture_features(pictures, ids, "label_errors")
    features = {
        "pixels": (small, picture_model(len(ids))),
        "HOG and colour": (np.column_stack([hog(pixels), colours(pixels)]), embedding_model()),
    }
    for name, (values, model) in features.items():
        found = probabilities(values, classes, fold, model)
        right = float((found.argmax(axis=1) == classes).mean())
        said = doubts(classes, found, "prune_by_noise_rate", "self_confidence", "label_errors")
        for among, mask in {"all": np.ones(len(ids), bool), "flagged": flagged}.items():
            yield {
                "name": f"CIFAR-10, {among} {mask.sum()}: {name}",
                "held_out_accuracy": round(right, 3),
                "random": round(float(wrong[mask].mean()), 3),
                **interval("average_precision", average_precision, wrong[mask], -said.score[mask], repeats),
                **interval(f"precision_at_{TOP}", at_top, wrong[mask], -said.score[mask], repeats),
            }


def average_precision(wrong: np.ndarray, doubt: np.ndarray) -> float:
    return float(average_precision_score(wrong, doubt))


def at_top(wrong: np.ndarray, doubt: np.ndarray) -> float:
    return float(wrong[np.argsort(-doubt, kind="stable")[:TOP]].mean())


def interval(
    name: str,
    statistic: Callable[[np.ndarray, np.ndarray], float],
    wrong: np.ndarray,
    doubt: np.ndarray,
    repeats: int,
) -> dict[str, object]:
    """The statistic and its 95 % percentile interval over pictures drawn again with replacement."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(wrong), size=len(wrong)) for _ in range(repeats)]
    again = [statistic(wrong[at], doubt[at]) for at in draws if wrong[at].any()]
    low, high = np.quantile(again, (0.025, 0.975))
    return {name: round(statistic(wrong, doubt), 3), f"{name}_95": [round(low, 3), round(high, 3)]}


def hog(pixels: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (pictures, features) of pictures (pictures, 32, 32, 3).

    Dalal and Triggs (2005): 9 unsigned orientations over cells of 8 x 8 pixels, blocks of 2 x 2 cells
    normalised by L2.
    """
    grey = pixels.mean(axis=3)
    down, right = np.gradient(grey, axis=(1, 2))
    size = np.hypot(down, right)
    turn = ((np.arctan2(down, right) % np.pi) / np.pi * ORIENTATIONS).astype(int) % ORIENTATIONS
    n, side = grey.shape[0], grey.shape[1] // CELL
    cells = np.zeros((n, side, side, ORIENTATIONS))
    for orientation in range(ORIENTATIONS):
        voted = np.where(turn == orientation, size, 0).reshape(n, side, CELL, side, CELL)
        cells[..., orientation] = voted.sum(axis=(2, 4))
    blocks = np.stack([cells[:, :-1, :-1], cells[:, 1:, :-1], cells[:, :-1, 1:], cells[:, 1:, 1:]], axis=-1)
    blocks = blocks.reshape(n, (side - 1) ** 2, -1)
    return (blocks / (np.linalg.norm(blocks, axis=2, keepdims=True) + 1e-3)).reshape(n, -1)


def colours(pixels: np.ndarray) -> np.ndarray:
    """Mean and deviation of each channel in 4 x 4 fields (pictures, 96)."""
    fields = pixels.reshape(len(pixels), 4, 8, 4, 8, 3)
    return np.column_stack([part(axis=(2, 4)).reshape(len(pixels), -1) for part in (fields.mean, fields.std)])
