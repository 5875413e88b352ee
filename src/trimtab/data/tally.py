"""Value counts of columns: the summary from which median, mode, quantiles and spread follow exactly.

Counts of blocks add up, so whatever is learnt from them is the same for any number of blocks in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, frexp, isfinite, ldexp, nan
from typing import Any, Self
from zlib import crc32

import numpy as np
import polars as pl

Tally = Mapping[str, pl.DataFrame]
"""Column name to a frame of `value` and `rows`, sorted by value, without missing values; see `piles` too."""

LOOSE = 64 << 20
"""Bytes of a column that may wait to be sorted and counted."""
_SQUARABLE = 1e150
"""The largest value whose square is a float."""
LOOK = 1024
"""Values that are looked at to guess whether a block holds many distinct ones."""


@dataclass(frozen=True)
class Pile:
    """The values of one column: some as they came, some counted; sorting all at once costs less.

    `values` are series as they lie in their blocks, so that they cost no memory of their own while the blocks
    are held; `counts` are frames of `value` and `rows`, those of numbers sorted by value.
    """

    values: tuple[pl.Series, ...]
    counts: tuple[pl.DataFrame, ...]

    @classmethod
    def of(cls, series: pl.Series) -> Self:
        """The values of one block; counted at once where the first ones promise few distinct ones."""
        if series.dtype.is_numeric() and _present(series.head(LOOK)).n_unique() > LOOK // 2:
            return cls((series.alias("value"),), ())
        counts = _present(series).alias("value").value_counts(name="rows")
        counts = counts.with_columns(pl.col("rows").cast(pl.Int64))
        return cls((), (counts.sort("value") if series.dtype.is_numeric() else counts,))

    def __add__(self, other: Pile) -> Pile:
        pile = Pile(self.values + other.values, self.counts + other.counts)
        counted = [frame.estimated_size() for frame in pile.counts]
        biggest = max(counted, default=0)
        loose = sum(values.estimated_size() for values in pile.values) + sum(counted) - biggest
        if loose > max(LOOSE, biggest):  # so each value is sorted a few times only
            return Pile((), (pile.frame(),))
        return pile

    @property
    def kind(self) -> pl.DataType:
        """The type of the values."""
        parts = [
            *(values.clear().to_frame() for values in self.values),
            *(one.clear() for one in self.counts),
        ]
        return pl.concat(parts, how="diagonal_relaxed").schema["value"]

    @property
    def empty(self) -> bool:
        """True without any value."""
        return not any(present_values(values).any() for values in self.values) and not any(
            frame.height for frame in self.counts
        )

    def finite(self) -> Pile:
        """The values that are finite."""
        return Pile(tuple(map(_finite, self.values)), tuple(map(finite, self.counts)))

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """As `quantile`, but NaN where there is no value; selecting values costs less than sorting."""
        if self.counts:
            frame = self.frame()
            return tuple(quantile(frame, share) if frame.height else nan for share in shares)
        values = np.concatenate([column.drop_nulls().cast(pl.Float64).to_numpy() for column in self.values])
        if (missing := np.isnan(values)).any():
            values = values[~missing]
        if len(values) == 0:
            return (nan,) * len(shares)
        ranks = [share * (len(values) - 1) for share in shares]
        values.partition(sorted({at for rank in ranks for at in (floor(rank), ceil(rank))}))
        return tuple(_between(values[floor(rank)], values[ceil(rank)], rank) for rank in ranks)

    def frame(self) -> pl.DataFrame:
        """Frame of `value` and `rows`, sorted by value."""
        parts = list(self.counts)
        if self.values:
            frames = [_present(values).to_frame() for values in self.values]
            ordered = pl.concat(frames, how="vertical_relaxed")["value"].sort()
            runs = ordered.rle().struct.unnest()
            parts.append(runs.select("value", pl.col("len").cast(pl.Int64).alias("rows")))
        total = pl.concat(parts, how="vertical_relaxed") if len(parts) > 1 else parts[0]
        if not total.schema["value"].is_numeric():
            return (_counted(total) if len(parts) > 1 else total).sort("value")
        return _added(total.sort("value")) if len(parts) > 1 else total


class Piles(Mapping[str, pl.DataFrame]):
    """A tally that sorts a column when it is asked for it."""

    piles: dict[str, Pile]

    def __init__(self, piles: Mapping[str, Pile]) -> None:
        self.piles = dict(piles)

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.piles[name].frame()

    def __iter__(self) -> Iterator[str]:
        return iter(self.piles)

    def __len__(self) -> int:
        return len(self.piles)


def count(values: Mapping[str, pl.Series]) -> Tally:
    """The value counts of columns; null and NaN are no values, the empty string is one."""
    return Piles({name: Pile.of(series) for name, series in values.items()})


def add(left: Tally, right: Tally) -> Tally:
    """The counts of two blocks together."""
    total = piles(left)
    for name, pile in piles(right).items():
        total[name] = total[name] + pile if name in total else pile
    return Piles(total)


def scatter(tally: Tally, shares: int) -> list[Tally]:
    """The columns in `shares` parts, by the hash of their names; counts by group too."""
    held: Mapping[str, Any] = tally.piles if isinstance(tally, Piles) else tally
    parts: list[dict[str, Any]] = [{} for _ in range(shares)]
    for name, counts in held.items():
        parts[crc32(name.encode("utf-8", "surrogatepass")) % shares][name] = counts
    return [Piles(part) if isinstance(tally, Piles) else part for part in parts]


def piles(tally: Tally) -> dict[str, Pile]:
    """The values of each column, neither sorted nor counted yet where that can wait."""
    if isinstance(tally, Piles):
        return dict(tally.piles)
    return {name: Pile((), (frame,)) for name, frame in tally.items()}


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.group_by("value").agg(pl.col("rows").sum())


def _added(ordered: pl.DataFrame) -> pl.DataFrame:
    """The rows of equal values, which are neighbours, added up: cheaper than hashing them."""
    first = ordered["value"].ne_missing(ordered["value"].shift()).arg_true()
    if len(first) == 0:
        return ordered
    rows = np.add.reduceat(ordered["rows"].to_numpy(), first.to_numpy())
    return pl.DataFrame({"value": ordered["value"][first], "rows": rows})


def _present(values: pl.Series) -> pl.Series:
    """The values that are there; -0.0 as the 0.0 that it equals: which is kept may not depend on order."""
    there = values.drop_nulls()
    if there.dtype.is_float():
        there = there.drop_nans()
        there = pl.Series(there.name, there.to_numpy() + 0.0)
    return there


def _finite(values: pl.Series) -> pl.Series:
    if not values.dtype.is_float() or values.is_finite().all():
        return values
    return values.filter(values.is_finite())


def present_values(values: pl.Series) -> pl.Series:
    """True (rows,) where there is a value: neither null nor NaN."""
    there = values.is_not_null()
    return there & values.is_not_nan().fill_null(False) if values.dtype.is_float() else there


def finite(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts of the values that are finite."""
    return counts.filter(pl.col("value").cast(pl.Float64).is_finite())


def mode(tally: pl.DataFrame) -> object:
    """The most frequent value; of several, the smallest."""
    return tally.filter(pl.col("rows") == pl.col("rows").max())["value"].sort()[0]


def quantile(tally: pl.DataFrame, q: float) -> float:
    """A quantile of the counted values, interpolated (Hyndman and Fan, 1996, type 7).

    >>> quantile(pl.DataFrame({"value": [1, 2, 9], "rows": [1, 1, 2]}), 0.5)
    5.5
    """
    values = tally["value"].cast(pl.Float64).to_numpy()
    last = np.cumsum(tally["rows"].to_numpy())
    at = q * (last[-1] - 1)
    low, high = (values[np.searchsorted(last, rank, side="right")] for rank in (np.floor(at), np.ceil(at)))
    return _between(low, high, float(at))


def _between(below: np.float64, above: np.float64, rank: float) -> float:
    """The value at a rank between those at the whole ranks around it; 0.0 for -0.0, as it is counted."""
    low, high, share = float(below) + 0.0, float(above) + 0.0, rank - floor(rank)
    if share == 0 or low == high:
        return low
    if not isfinite(low) or not isfinite(high) or abs(low) > _SQUARABLE or abs(high) > _SQUARABLE:
        return low * (1 - share) + high * share  # the largest floats cannot be subtracted
    return low + (high - low) * share


def mean_and_spread(tally: pl.DataFrame) -> tuple[float, float]:
    """Mean and standard deviation (of the population) of the counted values that are finite; NaN without any.

    >>> mean_and_spread(pl.DataFrame({"value": [1, 3], "rows": [2, 2]}))
    (2.0, 1.0)
    """
    counts = tally.with_columns(pl.col("value").cast(pl.Float64)).filter(pl.col("value").is_finite())
    values, rows = counts["value"].to_numpy(), counts["rows"].to_numpy()
    if len(values) == 0:
        return float("nan"), float("nan")
    largest = float(np.abs(values).max())
    unit = ldexp(0.5, frexp(largest)[1]) if largest > _SQUARABLE else 1.0  # a power of 2 rounds nothing
    mean = float(np.average(values / unit, weights=rows))
    spread = float(np.sqrt(np.average((values / unit - mean) ** 2, weights=rows)))
    return mean * unit, spread * unit
