"""Takes frames as they are: Polars, pandas, and whatever speaks the Arrow C stream interface."""

from __future__ import annotations

from datetime import date, datetime
from numbers import Number
from typing import Any

import polars as pl

from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.data.groups import written
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
        raise _unheld(source, kind, error) from error
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
    return pl.from_pandas(_plain(source))


def _plain(source: Any) -> Any:
    """The frame as Polars takes it: names are text, and so are categories."""
    plain = source.rename(columns=str)  # a copy
    for name in [name for name, type_ in plain.dtypes.items() if type_.name == "category"]:
        plain[name] = _named(plain[name])
    return plain


def _named(values: Any) -> Any:
    """A series of categories, whose categories are text: they are no numbers, though written as such."""
    return values.cat.rename_categories(names_of(values.cat.categories))


def names_of(categories: Any) -> list[Any]:
    """The categories of pandas as text, whole numbers without a point; texts and truth values as they are."""
    kind = categories.inferred_type
    if kind in ("string", "boolean", "empty"):
        return categories.tolist()
    if kind in ("integer", "floating"):
        return written(pl.Series(categories.to_numpy())).to_list()
    return [str(category) for category in categories]


def _unheld(source: Any, kind: str, error: Exception) -> DataError:
    """The error of a frame that Polars cannot hold, with the first column of pandas that is to blame."""
    for name in source.columns if kind == "pandas DataFrame" else ():
        try:
            pl.from_pandas(_plain(source[[name]]))
        except Exception as own:
            told = f"column '{name}' of {source[name].dtype} cannot be held ({brief(own)})"
            return DataError(kind, told, "give it as numbers, text, dates or categories")
    return DataError(kind, f"cannot be held as columns ({brief(error)})", REMEDY)


def _one_kind(values: Any, kind: str) -> None:
    """Raise DataError where objects of several kinds stand: Arrow would take 5 for a day beside dates."""
    seen = {_sort(value) for value in values.dropna()}
    if len(seen) > 1:
        raise DataError(kind, f"column '{values.name}' mixes {' and '.join(sorted(seen))}", REMEDY)


def _sort(value: object) -> str:
    """The kind of a value, as far as one column can hold values of it."""
    kinds = {"booleans": bool, "numbers": Number, "texts": str, "times": datetime, "dates": date}
    return next((name for name, kind in kinds.items() if isinstance(value, kind)), type(value).__name__)
