"""Takes frames as they are: Polars, pandas, and whatever speaks the Arrow C stream interface."""

from __future__ import annotations

from datetime import date, datetime
from numbers import Number
from typing import Any

import polars as pl

from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.data.table import Table, brief, table, unique

REMEDY = "give each column values of one kind"


def is_frame(source: object) -> bool:
    """True for what `load` understands."""
    return isinstance(source, pl.DataFrame | pl.LazyFrame | pl.Series) or hasattr(
        source, "__arrow_c_stream__"
    )


def load(source: Any) -> Table:
    """The rows of a frame; a NaN of pandas is null, as pandas means it; a named index becomes a column.

    Raises:
        DataError: a column mixes kinds of values, or two columns have one name.
        EnvironmentFault: PyArrow is not installed, and texts of pandas cannot be read without it.
    """
    kind = f"{type(source).__module__.partition('.')[0]} {type(source).__name__}"
    try:
        if isinstance(source, pl.LazyFrame):
            frame = source.collect()
        elif isinstance(source, pl.DataFrame):
            frame = source
        elif kind == "pandas DataFrame":
            frame = _pandas(source, kind)
        else:
            frame = pl.DataFrame(source)
    except DataError:
        raise
    except UnicodeEncodeError as error:
        raise DataError(
            kind, "a text holds half a surrogate pair, which is no character", "mend the text"
        ) from error
    except ImportError as error:  # Polars reads texts of pandas through PyArrow
        raise EnvironmentFault(
            kind, "its texts need PyArrow, which is not installed", "pip install 'trimtab[data]'"
        ) from error
    except Exception as error:  # Arrow, pandas and Polars each raise their own
        raise DataError(kind, f"cannot be held as columns ({brief(error)})", REMEDY) from error
    if frame.width == 0:
        raise DataError(kind, "the frame has no columns", "give a frame with at least one")
    return table(kind, frame)


def _pandas(source: Any, kind: str) -> pl.DataFrame:
    unique([str(name) for name in source.columns], kind)
    if any(name is not None for name in source.index.names):
        source = source.reset_index()
        unique([str(name) for name in source.columns], kind)
    for name in source.columns:
        if source[name].dtype == object:
            _one_kind(source[name], kind)
    return pl.from_pandas(source.rename(columns=str))


def _one_kind(values: Any, kind: str) -> None:
    """Raise DataError where objects of several kinds stand: Arrow would take 5 for a day beside dates."""
    seen = {_sort(value) for value in values.dropna()}
    if len(seen) > 1:
        raise DataError(kind, f"column '{values.name}' mixes {' and '.join(sorted(seen))}", REMEDY)


def _sort(value: object) -> str:
    """The kind of a value, as far as one column can hold values of it."""
    kinds = {"booleans": bool, "numbers": Number, "texts": str, "times": datetime, "dates": date}
    return next((name for name, kind in kinds.items() if isinstance(value, kind)), type(value).__name__)
