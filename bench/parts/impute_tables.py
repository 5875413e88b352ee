"""Cells of tables hidden at random, filled by trimtab, scikit-learn and pandas (for bench/impute.py)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler

from parts.filled import Holes, Method, columns, hollow, judged
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.impute import Impute
from trimtab.data.impute_knn import ImputeKnn
from trimtab.data.impute_model import ImputeModel

ROUNDS, NEIGHBOURS = 5, 5
ADULT = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country",
)  # fmt: skip
ADULT_NUMBERS = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
SIZES = {"adult": (5_000, 2_000), "german credit": (700, 300)}
"""Rows that are learned from, and rows that are filled."""
Fill = Callable[[pd.DataFrame, pd.DataFrame, Sequence[str]], pd.DataFrame]
"""Learn from the first, fill the second; the columns of numbers."""


def cells(folder: Path, shares: Sequence[float], seeds: Sequence[int], small: bool) -> Iterator[dict]:
    """One result for each set, share of hidden cells, method and seed."""
    for name, load in {"german credit": german_credit, "adult": adult}.items():
        rows = load(folder)
        learned, tested = (500, 200) if small else SIZES[name]
        for share in shares:
            for seed in seeds:
                drawn = np.random.default_rng([seed, 0]).permutation(rows.height)[: learned + tested]
                parts = rows[drawn[:learned]], rows[drawn[learned:]]
                for found in one_seed(*parts, share, seed):
                    yield {"data": name, "gap": f"{share:.0%} of cells", "seed": seed, **found}


def adult(folder: Path) -> pl.DataFrame:
    """The train rows; `?` is missing and its truth unknown, so it is never scored."""
    path = folder / "tab_adult" / "adult-train.csv.gz"
    rows = pl.read_csv(path, has_header=False, new_columns=[*ADULT, "income"], infer_schema=False)
    rows = rows.select(pl.col(ADULT).str.strip_chars().replace("?", None)).drop_nulls("age")
    return rows.with_columns(pl.col(ADULT_NUMBERS).cast(pl.Float64))


def german_credit(folder: Path) -> pl.DataFrame:
    """All rows without the label; no cell is missing."""
    rows = pl.read_csv(folder / "tab_german_credit" / "germancredit.csv").drop("creditability")
    return rows.with_columns(pl.col(pl.Int64).cast(pl.Float64))


def one_seed(train: pl.DataFrame, test: pl.DataFrame, share: float, seed: int) -> Iterator[dict[str, Any]]:
    """Every method on the same hidden cells; both parts have holes, those of the second are scored."""
    rng = np.random.default_rng([seed, 1])
    numbers = [name for name, kind in train.schema.items() if kind == pl.Float64]
    spread = {name: float(np.nanstd(columns(train)[name])) for name in numbers}
    (train, _), (holed, hidden) = hide(train, share, rng), hide(test, share, rng)
    holes = Holes(columns(test), hidden, spread)
    for method in methods():
        chosen = numbers if method.numbers_only else train.columns
        parts = train.select(chosen), holed.select(chosen)
        if method.numbers_only:
            parts = apart(parts[0], spread, rng), apart(parts[1], spread, rng)
        ours = partial(stepped, method.step, *parts)
        theirs = partial(method.fill, *map(to_pandas, parts), numbers)
        yield judged(method, ours, theirs, holes, chosen)


def hide(rows: pl.DataFrame, share: float, rng: np.random.Generator) -> tuple[pl.DataFrame, dict]:
    """The rows with a share of their known cells missing completely at random, and which these are."""
    hidden = {
        name: (rng.random(rows.height) < share) & rows[name].is_not_null().to_numpy() for name in rows.columns
    }
    return hollow(rows, hidden), hidden


def apart(rows: pl.DataFrame, spread: Mapping[str, float], rng: np.random.Generator) -> pl.DataFrame:
    """The rows with noise of a thousandth of a deviation: whole numbers put many rows at the same distance,
    and which of them is a neighbour is then each library's own choice."""
    noise = {name: pl.Series(1e-3 * spread[name] * rng.normal(size=rows.height)) for name in rows.columns}
    return rows.with_columns(pl.col(name) + noise[name] for name in rows.columns)


def to_pandas(rows: pl.DataFrame) -> pd.DataFrame:
    """The same for scikit-learn: words as objects with NaN."""
    held = {name: np.where(values == None, np.nan, values) if values.dtype == object else values  # noqa: E711
            for name, values in columns(rows).items()}  # fmt: skip
    return pd.DataFrame(held)


def stepped(step: Step, train: pl.DataFrame, test: pl.DataFrame) -> pl.DataFrame:
    """Learned from the first, applied to the second."""
    learned = step.learn(Batch(train, np.arange(train.height), "tabular"))
    return learned(Batch(test, np.arange(test.height), "tabular")).columns


def methods() -> Iterator[Method]:
    """What is compared. scikit-learn's KNNImputer and IterativeImputer know no categories: beside the
    numbers alone, without ties, where both must agree, they get the one-hot cells of all columns."""
    for rule in ("mean", "median", "most_frequent", "constant"):
        step = Impute(numeric=rule, categorical="constant" if rule == "constant" else "most_frequent")
        yield Method(rule, step, "SimpleImputer", simple(rule))
        yield Method(rule, step, "pandas fillna", fillna(rule))
    near, chained = ImputeKnn(neighbours=NEIGHBOURS), ImputeModel(rounds=ROUNDS)
    yield Method("knn, numbers without ties", near, "KNNImputer", knn, numbers_only=True)
    yield Method("model, numbers without ties", chained, "IterativeImputer", iterative, numbers_only=True)
    yield Method("knn", near, "KNNImputer, one-hot", knn, same=False)
    yield Method("model", chained, "IterativeImputer, one-hot", iterative, same=False)


def simple(rule: str) -> Fill:
    """SimpleImputer, one for the numbers and one for the words."""

    def fill(train: pd.DataFrame, test: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
        words = [name for name in train if name not in numbers]
        kinds = {"strategy": "constant", "fill_value": "missing"} if rule == "constant" else {}
        filled = test.copy()
        for names, imputer in (
            (list(numbers), SimpleImputer(strategy=rule)),
            (words, SimpleImputer(**{"strategy": "most_frequent", **kinds})),
        ):
            filled[names] = imputer.fit(train[names]).transform(test[names])
        return filled

    return fill


def fillna(rule: str) -> Fill:
    """What one writes with pandas alone."""

    def fill(train: pd.DataFrame, test: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
        words = [name for name in train if name not in numbers]
        if rule == "constant":
            return test.fillna(dict.fromkeys(numbers, 0.0) | dict.fromkeys(words, "missing"))
        modes = train.mode().iloc[0]
        known = modes if rule == "most_frequent" else getattr(train[list(numbers)], rule)()
        return test.fillna({**modes[words], **known[list(numbers)]})

    return fill


def knn(train: pd.DataFrame, test: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """KNNImputer on standardised numbers and one-hot cells."""
    return _through(KNNImputer(n_neighbors=NEIGHBOURS, keep_empty_features=True), train, test, numbers)


def iterative(train: pd.DataFrame, test: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """IterativeImputer on the same, as many rounds, within the range of train."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as many rounds as ours, come what may
        return _through(IterativeImputer(max_iter=ROUNDS, tol=0.0, random_state=0), train, test, numbers)


def _through(imputer: Any, train: pd.DataFrame, test: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    words = [name for name in train if name not in numbers]
    scaler = StandardScaler().fit(train[list(numbers)])
    levels = {name: np.unique(train[name].dropna()) for name in words}

    def matrix(rows: pd.DataFrame) -> np.ndarray:
        parts = [scaler.transform(rows[list(numbers)])]
        for name in words:
            cells = (rows[name].to_numpy()[:, None] == levels[name]).astype(float)
            cells[rows[name].isna().to_numpy()] = np.nan
            parts.append(cells)
        return np.concatenate(parts, axis=1)

    known = matrix(train)
    if isinstance(imputer, IterativeImputer):
        imputer.set_params(min_value=np.nanmin(known, axis=0), max_value=np.nanmax(known, axis=0))
    filled = imputer.fit(known).transform(matrix(test))
    result = test.copy()
    result[list(numbers)] = scaler.inverse_transform(filled[:, : len(numbers)])
    at = len(numbers)
    for name in words:
        guess = levels[name][filled[:, at : at + len(levels[name])].argmax(axis=1)]
        result[name] = np.where(test[name].isna(), guess, test[name])
        at += len(levels[name])
    return result
