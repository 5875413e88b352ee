"""Value counts by group: what `tally` is for whole columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from trimtab.core.columns import CATEGORIES
from trimtab.core.objects import Batch
from trimtab.data import tally
from trimtab.data.kinds import MOST, present

Key = tuple[str | None, ...]
"""The values of the grouping columns, as text; a missing value is a group of its own."""


def keys(batch: Batch, by: Sequence[str], step: str) -> pl.DataFrame:
    """The grouping columns as text, named `0`, `1`, ..., so that keys can be kept as JSON.

    Raises:
        DataError: one of them is not there, or holds no categories.
    """
    present(batch, by, step, CATEGORIES)
    return batch.columns.select(written(batch[name]).alias(str(at)) for at, name in enumerate(by))


def written(values: pl.Series) -> pl.Series:
    """Values as text, each by itself; null and NaN are missing.

    A whole number is written alike in a column of integers and in one of floats, which pandas makes of it
    where a value is missing.

    >>> written(pl.Series([2.0, 2.5])).to_list()
    ['2', '2.5']
    """
    if not values.dtype.is_float():
        return values.cast(pl.String)
    there = values.fill_nan(None)
    whole = (there == there.floor()) & (there.abs() < MOST)
    return there.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole, there.cast(pl.String))


def count(values: Mapping[str, pl.Series], groups: pl.DataFrame) -> tally.Tally:
    """Column name to a frame of the keys, `value` and `rows`."""
    return {
        name: _total(groups.with_columns(series.alias("value"), rows=pl.lit(1, pl.Int64)))
        for name, series in values.items()
    }


def add(left: tally.Tally, right: tally.Tally) -> tally.Tally:
    """The counts of two blocks together."""
    total = dict(left)
    for name, frame in right.items():
        both = [total[name], frame] if name in total else [frame]
        total[name] = _total(pl.concat(both, how="vertical_relaxed"))
    return total


def _total(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.filter(tally.present_values(frame["value"]))
    named = [name for name in frame.columns if name != "rows"]
    return frame.group_by(named).agg(pl.col("rows").sum())


def parts(counts: pl.DataFrame) -> Iterator[tuple[Key, pl.DataFrame]]:
    """Each group's key with its value counts, sorted by value; keys in order."""
    named = [name for name in counts.columns if name not in ("value", "rows")]
    ordered = counts.sort([*named, "value"])
    for key, frame in ordered.partition_by(named, as_dict=True, maintain_order=True).items():
        yield tuple(key), frame.select("value", "rows")


def find(groups: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """The row of `table` for each row's group, in order; nulls where the table does not know the group."""
    return groups.join(table, on=groups.columns, how="left", nulls_equal=True, maintain_order="left").drop(
        groups.columns
    )
