"""Which columns a tabular step reads, and how a request that lacks one is read."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from trimtab.core.columns import CLOCK, DATES, NUMBERS, TEXTS, TRUTHS, Kinds
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.groups import written
from trimtab.data.kinds import held, of_type, present


def chosen(
    batch: Batch,
    columns: Iterable[str],
    usual: Kinds,
    leave_out: Iterable[str],
    step: str,
    allowed: Kinds,
) -> list[str]:
    """The columns named, or by default all that hold what is `usual`, but for those to leave out, sorted.

    Raises:
        DataError: a named column is not there, or holds nothing that is allowed.
    """
    named = present(batch, columns, step, allowed)
    if named:
        return named
    closed = set(leave_out)
    return sorted(
        name for name, kind in batch.columns.schema.items() if of_type(kind) in usual and name not in closed
    )


def column(batch: Batch, name: str) -> pl.Series:
    """A column; one that a request lacks is missing throughout."""
    if name in batch.columns.columns:
        return batch[name]
    return pl.Series(name, [None] * len(batch), dtype=pl.Null)


def words(values: pl.Series) -> pl.Series:
    """Values as categories (text); null and NaN are missing, the empty string is a category.

    Whole numbers are written alike whether they come as integers or as floats.

    Raises:
        DataError: durations, lists, bytes and others, which are no categories.
    """
    found = held(values, TEXTS, NUMBERS, TRUTHS, DATES, CLOCK)
    if found is None:
        raise DataError(
            f"column '{values.name}'",
            f"holds {of_type(values.dtype)}, no categories",
            "name columns of text or numbers",
        )
    return written(found)
