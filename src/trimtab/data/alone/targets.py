"""What a user hands as y: as a label column, and back in the form it came in."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trimtab.core.optional import optional
from trimtab.data.alone.cells import PLACE, series_of
from trimtab.data.alone.rows import Content, read


def as_labels(name: str, y: Any) -> pl.Series:
    """The targets (rows,) as a column.

    Raises:
        ValueError: y has more than one column.
    """
    if type(y).__module__.partition(".")[0] in ("pandas", "polars"):
        columns = read(y, Content("target", name)).columns
        if columns.width > 1:
            raise ValueError(f"y should be a 1d array, got a frame of {columns.width} columns instead.")
        labels = columns.to_series()
        return labels.cast(pl.String) if labels.dtype in (pl.Categorical, pl.Enum) else labels
    return series_of(name, optional("sklearn.utils", "data", PLACE).column_or_1d(y, warn=True))


def some_targets(y: Any, at: np.ndarray, fresh: pl.Series | None) -> Any:
    """The targets of the rows `at` (n,), or `fresh` (n,) ones, in the form of `y`."""
    if y is None:
        return None
    library = type(y).__module__.partition(".")[0]
    if library in ("pandas", "polars"):
        rows = y.iloc[at] if library == "pandas" else y[at]
        if fresh is None:
            return rows
        given = read(y, Content("target", fresh.name))
        return given.back(fresh.to_frame(), at)
    values = np.asarray(y)
    return values[at] if fresh is None else np.array(fresh.to_list(), values.dtype)
