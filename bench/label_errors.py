"""Finds label errors: planted ones in Banking77, and those that people confirmed in CIFAR-10.

    python bench/label_errors.py [--quick] [--json PATH] [--seeds N] [--images FOLDER]

Banking77: 10 % of the train labels are replaced, by any other class (`uniform`) or by one of the three
nearest classes (`similar`, by the cosine of their mean TF-IDF). Precision and recall of three choices of
rows: `suggested` (confident learning at its own cut), `known rate` (as many rows as were planted, of the
lowest held-out self-confidence; a strong baseline that knows what nobody knows) and `random`. Labels that
were wrong before count as false alarms, so precision is understated. Then a linear model is trained on all
rows, without the suspects and without the planted rows, and asked the test rows.

This is the method of the step `label_errors`, not the step: TF-IDF is fitted once, on the texts (no labels)
of all train rows, where the step fits it fold by fold.

CIFAR-10 sample: average precision and precision of the ranking against the votes of five people, by HOG and
colour and logistic regression. Intervals: 95 %, Student's t over seeds; for the pictures by bootstrap.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
from scipy import sparse, stats
from threadpoolctl import threadpool_limits

from parts.label_pictures import picture_rows
from parts.projects import banking77
from parts.report import finish, parser
from trimtab.core.store import value_hash
from trimtab.data.confident import doubts
from trimtab.data.held_out import embedding_model, folds, probabilities, text_model

IMAGES = Path(__file__).parents[2] / "shared" / "data" / "img_cifar10_sample"
SHARE, FOLDS, NEAREST = 0.1, 5, 3
CHOICES = ("suggested", "known rate", "random")


def main() -> None:
    """Plant, find, train, print, write."""
    made = parser(__doc__, seeds=5, images=IMAGES)
    options = made.parse_args()
    threadpool_limits(1)  # threads of BLAS wait for each other where cores are shared: 14 times slower
    seeds = range(2 if options.quick else options.seeds)
    train, test = (read(banking77() / f"{part}.csv") for part in ("train", "test"))
    if options.quick:
        train, test = few(train), few(test)
    raw = list(banking_runs(train, test, seeds))
    rows = [*banking_rows(raw), *gain_rows(raw)]
    if options.images.is_dir():
        rows += picture_rows(options.images, repeats=200 if options.quick else 2_000)
    else:
        print(f"{options.images}: no such folder, pictures left out")
    settings = {"share": SHARE, "folds": FOLDS, "seeds": len(seeds), "train": len(train[0])}
    finish("label_errors", options, rows, raw, {"settings": settings})


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels (rows,)."""
    with path.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    return np.array([row["text"] for row in found], object), np.array([row["category"] for row in found])


def few(rows: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the first five classes."""
    chosen = np.isin(rows[1], np.unique(rows[1])[:5])
    return rows[0][chosen], rows[1][chosen]


def banking_runs(train: Any, test: Any, seeds: Sequence[int]) -> Iterator[dict]:
    """One result for each kind of features, kind of noise and seed."""
    names, classes = np.unique(train[1], return_inverse=True)
    truth = np.searchsorted(names, test[1])
    words = text_model()[0]
    tfidf = sparse.csr_matrix(words.fit_transform(train[0])), sparse.csr_matrix(words.transform(test[0]))
    near = nearest_classes(tfidf[0], classes)
    for kind in ("tfidf", "minilm"):
        features = tfidf if kind == "tfidf" else (embedded(train[0]), embedded(test[0]))
        model = text_model()[1] if kind == "tfidf" else embedding_model()
        for noise in ("uniform", "similar"):
            for seed in seeds:
                noisy = plant(classes, near if noise == "similar" else None, seed)
                yield one_run(features, model, classes, noisy, truth, seed) | {
                    "features": kind,
                    "noise": noise,
                    "seed": seed,
                }


def plant(classes: np.ndarray, near: np.ndarray | None, seed: int) -> np.ndarray:
    """The classes (rows,) with SHARE of them replaced; `near` (classes, NEAREST) are the allowed ones."""
    rng = np.random.default_rng(seed)
    count = int(classes.max()) + 1
    chosen = rng.choice(len(classes), round(SHARE * len(classes)), replace=False)
    noisy = classes.copy()
    if near is None:
        noisy[chosen] = (classes[chosen] + rng.integers(1, count, len(chosen))) % count
    else:
        noisy[chosen] = near[classes[chosen], rng.integers(near.shape[1], size=len(chosen))]
    return noisy


def nearest_classes(features: sparse.csr_matrix, classes: np.ndarray) -> np.ndarray:
    """The NEAREST classes (classes, NEAREST) to each class, by the cosine of their mean features."""
    means = np.array([np.asarray(features[classes == at].mean(axis=0)).ravel() for at in np.unique(classes)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    likeness = means @ means.T
    np.fill_diagonal(likeness, -1)
    return np.argsort(-likeness, axis=1)[:, :NEAREST]


def one_run(
    features: tuple[Any, Any],
    model: Any,
    classes: np.ndarray,
    noisy: np.ndarray,
    truth: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Precision and recall of every choice of rows, and the test accuracy without these rows."""
    planted = noisy != classes
    fold = folds(np.arange(len(noisy)), noisy, FOLDS, seed)
    found = probabilities(features[0], noisy, fold, model)
    said = doubts(noisy, found, "prune_by_noise_rate", "self_confidence", "label_errors")
    known = np.zeros(len(noisy), bool)
    known[np.argsort(said.score, kind="stable")[: planted.sum()]] = True
    drawn = np.random.default_rng([seed, 1]).permutation(known)
    chosen = dict(zip(CHOICES, (said.suspect, known, drawn), strict=True))
    result: dict[str, Any] = {name: caught(each, planted) for name, each in chosen.items()}
    kept = {"all": np.ones(len(noisy), bool), "dropped": ~said.suspect, "without planted": ~planted}
    for name, mask in kept.items():
        fitted = model.fit(features[0][mask], noisy[mask])
        result[f"accuracy {name}"] = float((fitted.predict(features[1]) == truth).mean())
    return result


def caught(chosen: np.ndarray, planted: np.ndarray) -> dict[str, float]:
    both = int((chosen & planted).sum())
    return {
        "rows": int(chosen.sum()),
        "precision": both / max(1, int(chosen.sum())),
        "recall": both / int(planted.sum()),
    }


def embedded(texts: np.ndarray) -> np.ndarray:
    """MiniLM's mean-pooled embeddings (rows, 384), computed once and kept in the temporary folder."""
    kept = Path(gettempdir()) / f"trimtab-minilm-{value_hash(texts.tolist())[:16]}.npy"
    if kept.is_file():
        return np.load(kept)
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel

    from trimtab.core.hub import model_folder

    torch.set_num_threads(1)
    folder = model_folder("minilm")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(128)
    encoder = AutoModel.from_pretrained(folder).eval()
    vectors = np.zeros((len(texts), encoder.config.hidden_size), np.float32)
    order = np.argsort([len(text) for text in texts], kind="stable")  # alike lengths pad little
    for part in np.array_split(order, max(1, len(order) // 64)):
        coded = tokenizer.encode_batch(texts[part].tolist())
        mask = torch.tensor([each.attention_mask for each in coded])
        with torch.inference_mode():
            tokens = encoder(torch.tensor([each.ids for each in coded]), mask).last_hidden_state
        vectors[part] = ((tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
    np.save(kept, vectors)
    return vectors


def banking_rows(raw: Sequence[dict]) -> Iterator[dict]:
    """Mean precision and recall of every choice, over seeds."""
    for kind, noise, runs in groups(raw):
        for choice in CHOICES:
            each = [run[choice] for run in runs]
            yield {
                "name": f"banking77, {noise}, {kind}: {choice}",
                "chosen": round(float(np.mean([one["rows"] for one in each]))),
                **estimate("precision", [one["precision"] for one in each]),
                **estimate("recall", [one["recall"] for one in each]),
            }


def gain_rows(raw: Sequence[dict]) -> Iterator[dict]:
    """What dropping the suspects, or exactly the planted rows, does to the test accuracy, in points."""
    for kind, noise, runs in groups(raw):
        for what in ("dropped", "without planted"):
            gains = [100 * (run[f"accuracy {what}"] - run["accuracy all"]) for run in runs]
            yield {
                "name": f"banking77, {noise}, {kind}: accuracy {what}",
                "accuracy_all": round(100 * float(np.mean([run["accuracy all"] for run in runs])), 2),
                **estimate("gain_pt", gains),
            }


def groups(raw: Sequence[dict]) -> Iterator[tuple[str, str, list[dict]]]:
    for kind, noise in dict.fromkeys((run["features"], run["noise"]) for run in raw):
        yield kind, noise, [run for run in raw if (run["features"], run["noise"]) == (kind, noise)]


def estimate(name: str, values: Sequence[float]) -> dict[str, Any]:
    """The mean over seeds and its 95 % interval (Student's t)."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) / np.sqrt(len(values))
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * spread
    return {name: round(mean, 3), f"{name}_95": [round(mean - reach, 3), round(mean + reach, 3)]}


if __name__ == "__main__":
    main()
