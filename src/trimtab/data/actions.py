"""What is done about an outlier: drop its row, clip, blank or flag the value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from trimtab.core.columns import TRUTHS, Columns
from trimtab.core.objects import Batch
from trimtab.data.kinds import absent, exact

Action = Literal["drop", "clip", "null", "flag"]


@dataclass(frozen=True)
class Found:
    """What a step found in one column.

    `rows` holds for each row of the batch `value` (what was measured), `low`, `high` (what may stay) and
    `outside` (Boolean, never null); `reason` is an expression over these, evaluated for outliers only.
    """

    column: str
    rows: pl.DataFrame
    reason: pl.Expr

    @cached_property
    def outside(self) -> np.ndarray:
        """True (rows,) for outliers."""
        return self.rows["outside"].to_numpy()

    def reasons(self, places: np.ndarray) -> pl.Series:
        """The reasons for some rows, outliers here."""
        rows = self.rows[places].rechunk()  # Polars 2.1 panics when it formats several chunks
        return rows.select(self.reason.alias("why"))["why"]


def check_flags(batch: Batch, columns: Iterable[str], action: str, step: str) -> None:
    """Raise DataError where `action: flag` on these columns would write over a column of the batch."""
    if action == "flag":
        absent(batch, map(_flag, columns), step)


def flags_after(columns: Columns, action: str) -> Columns:
    """The columns that there may be after the action on some of them."""
    flags = {_flag(name): frozenset({TRUTHS}) for name in columns} if action == "flag" else {}
    return {**columns, **flags}


def act(batch: Batch, found: Sequence[Found], action: str, step: str) -> Batch:
    """The batch after `action` on all outliers that were found.

    A row that several columns accuse is dropped once, for the first of them. A clipped column of integers
    is one of floats afterwards, in every batch: its type must not depend on which rows came.
    """
    if not found:
        return batch
    if action == "drop":
        gone = np.logical_or.reduce([one.outside for one in found])
        if not gone.any():
            return batch
        return batch.keep(~gone, step, _first_reasons(found))
    changed = [_changed(batch, one, action, step) for one in found]
    return replace(batch, columns=batch.columns.with_columns(changed))


def _first_reasons(found: Sequence[Found]) -> pl.Series:
    """For each row that any column accuses, in order, the reason of the first that does."""
    told = np.zeros(found[0].rows.height, bool)
    places, reasons = [], []
    for one in found:
        fresh = np.flatnonzero(one.outside & ~told)
        told[fresh] = True
        places.append(fresh)
        reasons.append(one.reasons(fresh))
    return pl.concat(reasons)[np.argsort(np.concatenate(places))]


def _changed(batch: Batch, one: Found, action: str, step: str) -> pl.Series:
    column = batch[one.column]
    rows = one.rows.with_columns(column.alias("cell"))
    if action == "flag":
        return rows["outside"].alias(_flag(one.column))
    if action == "null":
        return rows.select(pl.when(~pl.col("outside")).then("cell").alias(one.column))[one.column]
    exact(column, step)
    kind = pl.Float32 if column.dtype == pl.Float32 else pl.Float64
    ends = pl.col("low").is_not_null()  # without them, an infinite value among none has nowhere to go
    inside = pl.when(~pl.col("outside")).then("cell").when(ends).then(pl.col("value").clip("low", "high"))
    return rows.select(inside.cast(kind).alias(one.column))[one.column]


def _flag(column: str) -> str:
    return f"{column}_outlier"


def number(name: str) -> pl.Expr:
    """A column of numbers as short text: six digits, whole numbers without a point."""
    return pl.col(name).round_sig_figs(6).cast(pl.String).str.strip_suffix(".0")
