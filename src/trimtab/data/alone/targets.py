"""What a user hands as y: as a label column, and back in the form it came in."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.core.optional import optional
from trimtab.data.alone.rows import PLACE, series_of


def as_labels(name: str, y: Any) -> pl.Series:
    """The targets (rows,) as a column.

    Raises:
        ValueError: y has more than one column.
    """
    column_or_1d = optional("sklearn.utils", "data", PLACE).column_or_1d
    return series_of(name, column_or_1d(y, warn=True))


def some_targets(y: Any, at: np.ndarray, fresh: pl.Series | None) -> Any:
    """The targets of the rows `at` (n,), or `fresh` (n,) ones, in the form of `y`."""
    if y is None:
        return None
    library = type(y).__module__.partition(".")[0]
    if library == "pandas":
        rows = y.iloc[at]
        return rows if fresh is None else rows.__class__(fresh.to_list(), index=rows.index, name=rows.name)
    if library == "polars":
        return y[at] if fresh is None else fresh.alias(y.name)
    values = np.asarray(y)
    return values[at] if fresh is None else np.array(fresh.to_list(), values.dtype)
