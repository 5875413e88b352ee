"""Where test rows differ from train rows: one test a column, with one error rate over all columns.

Numbers, dates and lengths of texts: two-sample Kolmogorov-Smirnov (Massey, 1951). Categories: chi-square of
homogeneity, values with an expected count below 5 put together (Cochran, 1954). P-values are adjusted over
all tests by Benjamini and Hochberg (1995): among the columns flagged, at most a share `ALPHA` is expected to
be flagged by chance.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp

from trimtab.core.objects import Batch
from trimtab.data.profile_columns import plain
from trimtab.data.tally import present_values

ALPHA = 0.05
_MOST = 50_000
"""Rows of a part that a test looks at, evenly spaced: more would flag differences too small to matter."""
_EXACT = 10_000
"""Pairs of rows up to which the exact p-value is computed; of few rows the asymptotic one is none."""
_EXPECTED = 5.0


def drift(train: Batch, test: Batch, roles: Mapping[str, str]) -> dict[str, Any]:
    """One row a test, the smallest adjusted p-value first."""
    tests = [
        found
        for name, role in roles.items()
        if name in test.columns.columns
        for found in _tests(train[name], test[name], role)
    ]
    adjusted = false_discovery_control([one["p"] for one in tests], method="bh") if tests else []
    for one, p in zip(tests, adjusted, strict=True):
        one |= {"adjusted": plain(p), "drifted": bool(p < ALPHA)}
    return {
        "alpha": ALPHA,
        "correction": "Benjamini-Hochberg",
        "says": f"of the columns flagged, at most {ALPHA:.0%} are expected to be so by chance",
        "columns": sorted(tests, key=lambda one: (one["adjusted"], one["column"])),
        "absent": [name for name in roles if name not in test.columns.columns],
    }


def _tests(old: pl.Series, new: pl.Series, role: str) -> list[dict[str, Any]]:
    old, new = _thinned(old), _thinned(new)
    found = []
    missing = [_missing(old), _missing(new)]
    if sum(missing) and sum(missing) < len(old) + len(new):
        counts = np.array([[missing[0], len(old) - missing[0]], [missing[1], len(new) - missing[1]]])
        found.append(_chi_square(old.name, "share missing", counts))
    if role in ("category", "boolean"):
        found.append(_chi_square(old.name, "values", _counts(old, new)))
    else:
        found.append(_ks(old, new, role))
    return [one for one in found if one is not None]


def _thinned(values: pl.Series) -> pl.Series:
    if len(values) <= _MOST:
        return values
    return values[np.linspace(0, len(values) - 1, _MOST).astype(np.int64)]


def _missing(values: pl.Series) -> int:
    return len(values) - int(present_values(values).sum())


@np.errstate(over="ignore", invalid="ignore")  # the median of two infinities, or of the largest floats
def _ks(old: pl.Series, new: pl.Series, role: str) -> dict[str, Any] | None:
    what, was, now = "values", _measured(old, role), _measured(new, role)
    if was is None or now is None or not len(was) or not len(now):
        return None
    if role != "number":
        what = "times" if role == "date" else "lengths"
    with warnings.catch_warnings():  # SciPy says so when it takes the asymptotic p-value after all
        warnings.simplefilter("ignore", RuntimeWarning)
        seen = ks_2samp(was, now, method="exact" if len(was) * len(now) <= _EXACT else "asymp")
    return {
        "column": old.name,
        "what": what,
        "test": "Kolmogorov-Smirnov",
        "statistic": plain(seen.statistic),
        "p": float(seen.pvalue),
        "was": plain(np.median(was)),
        "now": plain(np.median(now)),
    }


def _measured(values: pl.Series, role: str) -> np.ndarray | None:
    """Numbers as they are, times as microseconds, all else by its length."""
    there = values.filter(present_values(values))
    if role == "number" and there.dtype.is_numeric():
        return there.cast(pl.Float64).to_numpy()
    if role == "date" and there.dtype in (pl.Date, pl.Datetime):
        return there.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64).to_numpy()
    if isinstance(there.dtype, pl.List):
        return there.list.len().cast(pl.Float64).to_numpy()
    if there.dtype == pl.Binary:
        return there.bin.size().cast(pl.Float64).to_numpy()
    if there.dtype == pl.String and role in ("text", "identifier"):
        return there.str.len_chars().cast(pl.Float64).to_numpy()
    return None


def _counts(old: pl.Series, new: pl.Series) -> np.ndarray:
    """Counts (2, values), the rare values in one last column."""
    named = [part.cast(pl.String).drop_nulls().alias("value") for part in (old, new)]
    both = [part.value_counts(name="rows") for part in named]
    joined = both[0].join(both[1], on="value", how="full", coalesce=True).fill_null(0).sort("value")
    counts = joined.select("rows", "rows_right").to_numpy().T.astype(float)
    expected = counts.sum(0) * counts.sum(1, keepdims=True) / max(counts.sum(), 1)
    rare = expected.min(0) < _EXPECTED
    kept = counts[:, ~rare]
    return np.column_stack([kept, counts[:, rare].sum(1)]) if rare.any() else kept


def _chi_square(name: str, what: str, counts: np.ndarray) -> dict[str, Any] | None:
    """The test with Cramer's V as the size of the effect; None where there is nothing to compare."""
    counts = counts[:, counts.sum(0) > 0]
    if counts.shape[1] < 2 or (counts.sum(1) == 0).any():
        return None
    seen = chi2_contingency(counts, correction=False)
    top = int(np.argmax(np.abs(counts[0] / counts[0].sum() - counts[1] / counts[1].sum())))
    return {
        "column": name,
        "what": what,
        "test": "chi-square",
        "statistic": plain(np.sqrt(seen.statistic / counts.sum())),
        "p": float(seen.pvalue),
        "was": plain(counts[0, top] / counts[0].sum()),
        "now": plain(counts[1, top] / counts[1].sum()),
    }
