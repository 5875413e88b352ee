"""Features of Banking77 under one linear classifier: which describe the texts best, and what they cost.

    python bench/features.py [--quick] [--json PATH]

Feature steps learn from the train rows; the classifier's C is chosen on the validation rows; the test rows
are asked once for each row of the table. Intervals are 95 % bootstrap intervals over the test rows; `over
tfidf` is the paired difference in accuracy, in points, over the same resamples.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from parts.projects import banking77
from parts.report import finish, parser
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.leak import drop_leaks
from trimtab.data.split import split
from trimtab.features.embed import Embed
from trimtab.features.feature import Feature
from trimtab.features.fuse import Fuse
from trimtab.features.hashing import Hashing
from trimtab.features.matrix import Matrix, matrix
from trimtab.features.select.base import best
from trimtab.features.select.correlation import SelectCorrelation
from trimtab.features.select.importance import SelectImportance
from trimtab.features.tfidf import TfIdf
from trimtab.features.word2vec import Word2Vec

PENALTIES = (0.1, 1.0, 10.0)


@dataclass(frozen=True)
class Rows:
    """Train, validation and test rows, with the feature columns made so far."""

    train: Batch
    valid: Batch
    test: Batch

    def after(self, step: Step) -> Rows:
        """All three after a learned step."""
        return Rows(step.on_train(self.train), step(self.valid), step(self.test))


def main() -> None:
    """Measure every set of features."""
    options = parser(__doc__, resamples=2_000, seed=0).parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)  # seconds are those of one core
    rows = load(10 if options.quick else 77, options.seed)
    truth = rows.test["label"].to_numpy()
    table, answers = [], {}
    for name, step, rows_after, seconds in measured(rows, options):
        found, answers[name] = judged(step, rows_after)
        table.append({"name": name, **found, "learn_s": round(seconds, 1)})
        print(table[-1], flush=True)
    for row in table:
        row.update(
            intervals(truth, answers[row["name"]], answers["tfidf words"], options.resamples, options.seed)
        )
    counts = {part: len(getattr(rows, part)) for part in ("train", "valid", "test")}
    shown = [{key: value for key, value in row.items() if key not in ("C", "factors")} for row in table]
    finish("features", options, shown, table, {"splits": counts})


def load(classes: int, seed: int) -> Rows:
    """Banking77 without the train rows that stand in test, a tenth of train held back."""
    parts = []
    for name in ("train", "test"):
        frame = pl.read_csv(banking77() / f"{name}.csv").rename({"category": "label"})
        kept = frame["label"].is_in(sorted(set(frame["label"]))[:classes])
        frame = frame.filter(kept)
        parts.append(Batch(frame, np.arange(frame.height)))
    train, valid = split(drop_leaks(parts[0], parts[1], "text"), 0.1, seed, "text", "label")
    return Rows(train, valid, parts[1])


def measured(rows: Rows, options: Any) -> Iterable[tuple[str, Feature, Rows, float]]:
    """Every set of features: its name, the step that wrote it, the rows with it, seconds to make it."""

    def make(name: str, step: Feature) -> tuple[str, Feature, Rows, float]:
        nonlocal rows
        started = time.perf_counter()
        learned = step.learn(rows.train)
        rows = rows.after(learned)
        return name, learned, rows, time.perf_counter() - started

    yield make("tfidf words", TfIdf(into="words"))
    yield make("tfidf characters", TfIdf(into="characters", unit="char_wb", ngrams=(2, 5)))
    yield make("hashing", Hashing())
    yield make("word2vec", Word2Vec(seed=options.seed))
    yield make("embed", Embed())
    yield make("fuse words, characters", Fuse(into="texts", columns=("words", "characters")))
    blocks = ("words", "characters", "embed")
    yield make("fuse words, characters, embed", Fuse(columns=blocks))
    learnt = Fuse(into="fuse_learnt", columns=blocks, weights="learnt", seed=options.seed)
    yield make("fuse, learnt weights", replace(learnt, rows=400) if options.quick else learnt)
    for keep in (300, 1_000, 3_000, 10_000):
        yield make(
            f"fuse, pearson {keep}", SelectCorrelation(into=f"pearson_{keep}", column="fuse", keep=keep)
        )
    trees = SelectImportance(column="fuse", keep=300, trees=5, seed=options.seed)
    name, learned, after, seconds = make("fuse, gain 300", trees)
    yield name, learned, after, seconds
    for keep in (1_000, 3_000):
        wider = replace(learned, keep=keep, kept=np.flatnonzero(best(learned.scores, keep)))
        yield f"fuse, gain {keep}", wider, rows.after(wider), seconds


def judged(step: Feature, rows: Rows) -> tuple[dict[str, Any], np.ndarray]:
    """Width, the best C on the validation rows, and the answers (test rows,) of that classifier."""
    train, valid, test = (step_matrix(step, part) for part in (rows.train, rows.valid, rows.test))
    labels, wanted = rows.train["label"].to_numpy(), rows.valid["label"].to_numpy()
    started = time.perf_counter()
    tried = []
    for penalty in PENALTIES:
        model = LinearSVC(C=penalty, dual="auto", random_state=0, max_iter=5_000).fit(train, labels)
        tried.append((float((model.predict(valid) == wanted).mean()), -penalty, model))
    score, penalty, model = max(tried, key=lambda each: each[:2])
    found = {
        "width": int(train.shape[1]),
        "C": -penalty,
        "valid_accuracy": round(score, 4),
        "fit_s": round(time.perf_counter() - started, 1),
    }
    if isinstance(step, Fuse):
        found["factors"] = [round(factor, 3) for _, _, factor in step.blocks or ()]
    return found, model.predict(test)


def step_matrix(step: Feature, batch: Batch) -> Matrix:
    """The features that a learned step wrote, as wide as the step is."""
    return matrix(batch, step.output, len(step.names({})))


def intervals(
    truth: np.ndarray, answers: np.ndarray, base: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """Accuracy, macro-F1 and the gain over `base`, each with its bootstrap interval."""
    names, codes = np.unique(np.concatenate([truth, answers]), return_inverse=True)
    wanted, given = codes[: len(truth)], codes[len(truth) :]
    rng = np.random.default_rng(seed)
    right, gain, scores = given == wanted, (answers == truth).astype(int) - (base == truth), []
    for _ in range(resamples):
        rows = rng.integers(len(truth), size=len(truth))
        scores.append(
            (right[rows].mean(), macro_f1(wanted[rows], given[rows], len(names)), 100 * gain[rows].mean())
        )
    low, high = np.quantile(np.array(scores), [0.025, 0.975], axis=0)
    values = (right.mean(), macro_f1(wanted, given, len(names)), 100 * gain.mean())
    return {
        name: f"{value:.{digits}f} [{low[at]:.{digits}f}, {high[at]:.{digits}f}]"
        for at, (name, value, digits) in enumerate(
            zip(("accuracy", "macro_f1", "over tfidf"), values, (4, 4, 2), strict=True)
        )
    }


def macro_f1(truth: np.ndarray, answers: np.ndarray, classes: int) -> float:
    """The mean F1 of the classes that occur."""
    hits = np.bincount(truth[truth == answers], minlength=classes)
    total = np.bincount(truth, minlength=classes) + np.bincount(answers, minlength=classes)
    return float((2 * hits / np.maximum(total, 1))[total > 0].mean())


if __name__ == "__main__":
    main()
