"""Finds records that are alike in most of their fields, among those that share a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from trimtab.data.minhash import jaccard
from trimtab.data.pairs import Pairs, distinct, equal, first_equal, firsts, pairs_above
from trimtab.data.shingles import shingles
from trimtab.data.splitmix import mix
from trimtab.data.terms import normal

_GRAM = 2
_MONTH_MS = 30 * 24 * 3600 * 1000
_NEAR_NUMBER = 0.1
"""Relative difference from which two numbers, and time from which two dates, have nothing in common."""
_LEAST_WEIGHT = 0.5
"""Share of the weight that fields present in both records must have for them to be compared."""


def similar_records(
    records: pl.DataFrame,
    columns: Sequence[str],
    keys: Sequence[tuple[str, ...]],
    weights: Mapping[str, float],
    similarity: float,
    largest: int,
) -> Pairs:
    """Pairs of `records` that agree in a key and are alike in `columns`; an empty record is like none."""
    folded = records.with_columns(
        _folded(records[name]) for name, kind in records.schema.items() if kind == pl.String
    )
    fields = folded.select(columns)
    usable = ~fields.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    same = np.arange(len(records))
    if usable.any():
        same[usable] = np.flatnonzero(usable)[first_equal(fields.filter(usable).hash_rows(0).to_numpy())]
    ones = firsts(same, usable)
    left, right = _blocked(folded[ones], keys, largest)
    weigh = [weights.get(name, information(fields[name])) for name in columns]
    likeness = weighted_likeness(fields[ones], left, right, weigh)
    return pairs_above(ones[left], ones[right], likeness, similarity, same)


def weighted_likeness(
    fields: pl.DataFrame, left: np.ndarray, right: np.ndarray, weights: Sequence[float]
) -> np.ndarray:
    """The weighted mean likeness (pairs,) of the fields that both records have; 0 where they weigh little."""
    total, weight = np.zeros(len(left)), np.zeros(len(left))
    for name, each in zip(fields.columns, weights, strict=True):
        both = has_value(fields[name])[left] & has_value(fields[name])[right]
        total += np.where(both, each * field_likeness(fields[name], left, right), 0.0)
        weight += np.where(both, each, 0.0)
    enough = weight >= max(_LEAST_WEIGHT * sum(weights), 1e-12)
    return np.where(enough, total / np.where(enough, weight, 1.0), 0.0)


def field_likeness(values: pl.Series, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The likeness (pairs,) of two values each, from 0 to 1; of no meaning where one is missing."""
    if values.dtype == pl.String:
        distinct_values, codes = _coded(values)
        share = jaccard(shingles(distinct_values, "characters", _GRAM), codes[left], codes[right])
        return np.asarray(
            np.where(codes[left] == codes[right], 1.0, 2 * share / (1 + share))
        )  # Dice of Jaccard
    if values.dtype.is_numeric():
        number = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        one, two = number[left], number[right]
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(one - two) / np.maximum(np.maximum(np.abs(one), np.abs(two)), 1e-300)
        return np.where(
            one == two, 1.0, np.clip(1 - np.nan_to_num(gap, nan=1.0, posinf=1.0) / _NEAR_NUMBER, 0.0, 1.0)
        )
    if values.dtype in (pl.Date, pl.Datetime):
        moment = values.cast(pl.Datetime("ms")).dt.epoch("ms").fill_null(0).to_numpy().astype(np.float64)
        return np.clip(1 - np.abs(moment[left] - moment[right]) / _MONTH_MS, 0.0, 1.0)
    _, codes = _coded(values)
    return (codes[left] == codes[right]).astype(np.float64)


def information(values: pl.Series) -> float:
    """Minus the logarithm of the chance that two records agree by chance in a field, in bits.

    >>> information(pl.Series(["a", "b", "c", "d"]))
    2.0
    """
    counts = values.filter(has_value(values)).alias("value").value_counts(name="rows")
    rows = counts["rows"].to_numpy().astype(np.float64)
    return float(-np.log2(((np.sort(rows) / rows.sum()) ** 2).sum())) if len(rows) else 0.0


def has_value(values: pl.Series) -> np.ndarray:
    """Where there is a value (rows,): not null, not NaN, and no empty string, which says nothing."""
    there = values.is_not_null()
    if values.dtype.is_float():
        there &= values.is_not_nan().fill_null(False)
    if values.dtype == pl.String:
        there &= (values != "").fill_null(False)
    return there.to_numpy()


def _folded(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [None if value is None else normal(value) for value in values], pl.String)


def _coded(values: pl.Series) -> tuple[list[str | None], np.ndarray]:
    """The different values in the order of their first row, and the place of each row's value among them."""
    first = values.unique(maintain_order=True)
    numbered = pl.DataFrame({"value": first, "code": np.arange(len(first))})
    codes = pl.DataFrame({"value": values}).join(
        numbered, on="value", how="left", maintain_order="left", nulls_equal=True
    )
    known = first.to_list() if values.dtype == pl.String else []
    return known, codes["code"].to_numpy()


def _blocked(
    records: pl.DataFrame, keys: Sequence[tuple[str, ...]], largest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of records that agree in a key whose value at most `largest` records share."""
    found = []
    for columns in keys:
        there = np.logical_and.reduce([has_value(records[name]) for name in columns])
        hashed = records.select(columns).hash_rows(0).to_numpy()
        _, group, sizes = np.unique(hashed[there], return_inverse=True, return_counts=True)
        rows = np.flatnonzero(there)[sizes[group] <= largest]
        left, right = equal(mix(hashed[rows]))
        found.append((rows[left], rows[right]))
    return distinct(found, len(records))
