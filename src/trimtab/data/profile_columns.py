"""What one column holds: its role, missing values, spread, outliers, frequent values."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.data.tally import present_values

BINS = 30
TOP = 10
QUANTILES = {"min": 0.0, "p1": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99, "max": 1.0}
FENCE, LIMIT = 1.5, 3.0
"""Tukey's fences (Tukey, 1977) and standard deviations beyond which a value counts as outlier."""
_SENTENCE, _FEW = 4.0, 50


def plain(value: Any) -> float | None:
    """A number that JSON can hold, ten figures of it; None for what is no number.

    >>> plain(0.1 + 0.2), plain(float("inf"))
    (0.3, None)
    """
    if not np.isfinite(value):
        return None
    rounded = float(f"{float(value):.10g}")
    return rounded if np.isfinite(rounded) else float(value)  # the largest float rounds to infinity


def role_of(values: pl.Series) -> str:
    """What a column is: number, category, text, boolean, date, list, picture, identifier or empty."""
    kind = values.dtype
    if values.null_count() == len(values):
        return "empty"
    told = {
        "boolean": kind == pl.Boolean,
        "number": kind.is_numeric(),
        "date": kind.is_temporal(),
        "picture": kind == pl.Binary,
        "list": kind.is_nested(),
    }
    return next((role for role, yes in told.items() if yes), None) or _kind_of_text(
        values.cast(pl.String).drop_nulls()
    )


def _kind_of_text(there: pl.Series) -> str:
    """Sentences (or Chinese of that length) are text; values that repeat a category; the rest names rows."""
    some = there.head(10_000)
    words = some.str.count_matches(r"\S+").mean()
    han = some.str.count_matches(r"\p{Han}").mean()
    distinct = some.n_unique()
    wordy = float(words or 0) >= _SENTENCE or float(han or 0) >= _SENTENCE  # type: ignore[arg-type]
    if wordy and distinct > min(_FEW, len(some) // 2):
        return "text"
    return "category" if distinct <= max(_FEW, len(some) // 5) else "identifier"


def column(values: pl.Series, role: str) -> dict[str, Any]:
    """Counts and, by role, spread and outliers, lengths, or the most frequent values."""
    there = values.filter(present_values(values))
    found: dict[str, Any] = {
        "name": values.name,
        "type": str(values.dtype),
        "role": role,
        "missing": len(values) - len(there),
        "empty": int((there == "").sum()) if values.dtype == pl.String else 0,
        "distinct": _distinct(there),
    }
    if not len(there):
        return found
    if role == "number":
        found["numbers"] = numbers(there)
    if role in ("text", "identifier"):
        found["lengths"] = spread(there.cast(pl.String).str.len_chars())
    if role in ("list", "picture"):
        sizes = there.list.len() if isinstance(there.dtype, pl.List) else _sizes(there)
        found["lengths"] = spread(sizes) if sizes is not None else None
    if role == "date":
        found["dates"] = {"first": str(there.min()), "last": str(there.max())}
    if role in ("category", "boolean", "number") and found["distinct"] <= max(_FEW, len(there) // 5):
        found["top"] = top(there)
    return found


@np.errstate(over="ignore", invalid="ignore")
def numbers(there: pl.Series) -> dict[str, Any]:
    """Quantiles, mean, spread, outliers by two rules, and a histogram, of the finite values.

    What is too large for a float, near the largest of them, is given as null.
    """
    finite = there.cast(pl.Float64).filter(there.cast(pl.Float64).is_finite()).to_numpy()
    infinite = len(there) - len(finite)
    if len(finite) == 0:
        return {"infinite": infinite}
    first, third = np.quantile(finite, [0.25, 0.75])
    reach = FENCE * (third - first)
    mean, deviation = float(np.mean(finite)), float(np.std(finite))
    far = np.abs(finite - mean) > LIMIT * deviation
    fenced = (finite < first - reach) | (finite > third + reach)
    return {
        "infinite": infinite,
        "zeros": int((finite == 0).sum()),
        "mean": plain(mean),
        "deviation": plain(deviation),
        **spread(pl.Series(finite)),
        "outliers": {"iqr": int(fenced.sum()), "z": int(far.sum()) if np.isfinite(deviation) else None},
        "fences": [plain(first - reach), plain(third + reach)],
    }


def lengths(texts: pl.Series) -> dict[str, Any]:
    """Characters and words of the texts."""
    there = texts.cast(pl.String).drop_nulls()
    return {
        "characters": spread(there.str.len_chars()),
        "words": spread(there.str.count_matches(r"\S+")),
    }


@np.errstate(over="ignore", invalid="ignore")
def spread(values: pl.Series) -> dict[str, Any]:
    """Quantiles and a histogram whose end bars hold all that lies beyond the first and last half percent."""
    held = values.cast(pl.Float64).to_numpy()
    if len(held) == 0:
        return {}
    low, high = np.quantile(held, [0.005, 0.995])
    whole = bool((held == np.round(held)).all()) and 0 <= high - low < BINS
    bins = int(high - low) + 1 if whole else BINS
    bounds = (low - 0.5, low + bins - 0.5) if whole or low == high else (low, high)
    found: dict[str, Any] = {name: plain(np.quantile(held, q)) for name, q in QUANTILES.items()}
    if not np.isfinite(bounds[1] - bounds[0]) or not (np.diff(np.linspace(*bounds, bins + 1)) > 0).all():
        return found  # too wide, or too narrow, for floats to hold the edges
    counts, edges = np.histogram(np.clip(held, low, high), bins=bins, range=bounds)
    return found | {"histogram": {"edges": [plain(edge) for edge in edges], "rows": counts.tolist()}}


def top(there: pl.Series) -> list[dict[str, Any]]:
    """The most frequent values; of equals, the smaller first."""
    counted = pl.DataFrame({"value": there.cast(pl.String)}).group_by("value").len("rows")
    ordered = counted.sort(["rows", "value"], descending=[True, False]).head(TOP)
    return [{"value": value, "rows": rows} for value, rows in ordered.iter_rows()]


def _sizes(there: pl.Series) -> pl.Series | None:
    return there.bin.size() if there.dtype == pl.Binary else None


def _distinct(there: pl.Series) -> int:
    if there.dtype.is_nested():
        return int(there.to_frame().hash_rows().n_unique())
    return there.n_unique()
