"""What a user hands to a step that stands alone, as columns, and the answer in the form it came in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import polars as pl
from scipy.sparse import issparse

from trimtab.core.errors import DataError
from trimtab.core.optional import optional
from trimtab.core.step import Step
from trimtab.data import read_frames
from trimtab.data.alone.cells import PLACE, in_array, in_pandas, is_missing, series_of

WORDS = (pl.String, pl.Categorical, pl.Enum, pl.Null)


@dataclass(frozen=True)
class Content:
    """The one column that a step is about, and what it holds.

    `kind` is `text`, `image` or `vector` (the numbers of a row of X: a series, an embedding); `table` where
    the step is about all columns.
    """

    kind: str
    column: str = ""


def content_of(step: Step, given: Any = None) -> Content:
    """What a step is about, from its parameters; of one that reads tables and texts, what X holds.

    Raises:
        DataError: X is one sequence of values, and the step reads tables only.
    """
    for name in ("values", "embedding"):
        if isinstance(column := getattr(step, name, None), str) and getattr(step, "encoder", None) is None:
            return Content("vector", column)
    for name in ("text", "image"):
        if step.accepts == {name}:
            return Content(name, getattr(step, name))
    if given is None or not _is_flat(given):
        return Content("table")
    if not step.single:
        raise DataError(
            f"step {step.name}",
            f"takes a table, and X is one sequence of values ({type(given).__name__})",
            "give a frame, or an array (rows, columns)",
        )
    kind = "image" if any(isinstance(value, bytes) for value in given) else "text"
    return Content(kind, getattr(step, kind, kind))


@dataclass(frozen=True)
class Rows:
    """X as columns; `names` are the outer names of those columns that have another one inside.

    `flat` says that X was one sequence of values, and no table.
    """

    given: Any
    columns: pl.DataFrame
    names: Mapping[str, Hashable] = field(default_factory=dict)
    flat: bool = False

    @abstractmethod
    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """The rows `at` (n,) of X, in the form of X, with the columns as in `after`, which has n rows."""

    def wrap(self, matrix: Any, names: Sequence[str]) -> Any:
        """A matrix (rows, names) in the form of X; a sparse one stays as it is."""
        del names
        return matrix

    def called(self, inner: Sequence[str]) -> Self:
        """The rows with the inner names that `fit` met, where as many: an array may follow a frame.

        The columns are then taken by place, as scikit-learn takes them, which warns of it.
        """
        before = self.columns.columns
        if before == list(inner) or len(before) != len(inner):
            return self
        outer = [self.names.get(name, name) for name in before]
        columns = self.columns.rename(dict(zip(before, inner, strict=True)))
        return replace(self, columns=columns, names=_renamed(inner, outer))

    def changed(self, after: pl.DataFrame, at: np.ndarray) -> list[str]:
        """The columns of `after` that are new, or hold other values than the rows `at` of X."""
        before = self.columns[at]
        known = set(before.columns)  # asked of the frame, it would be made anew for each column
        return [
            name
            for name in after.columns
            if name not in known or not before[name].equals(after[name], check_dtypes=True)
        ]


@dataclass(frozen=True)
class PolarsRows(Rows):
    """A Polars frame or series, or an Arrow table, which comes back as a Polars frame."""

    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """A Polars frame; a series of a series."""
        del at
        if self.flat and after.width == 1:
            return after.to_series().alias(self.given.name)
        return after.rename({name: str(outer) for name, outer in self.names.items()}).clone()

    def wrap(self, matrix: Any, names: Sequence[str]) -> Any:
        """A Polars frame."""
        return matrix if issparse(matrix) else pl.DataFrame(matrix, schema=list(names), orient="row")


@dataclass(frozen=True)
class PandasRows(Rows):
    """A pandas frame or series; columns that the step leaves alone keep their type, and rows their index."""

    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """A pandas frame; a series of a series."""
        rows = self.given.iloc[at].copy(deep=False)
        if self.flat:
            rows = rows.to_frame(self.columns.columns[0])
        before = self.columns.schema  # asked of the frame, it would be made anew for each column
        fresh = {}
        for name in self.changed(after, at):
            values = after[name]
            if name in before:
                outer = self.names.get(name, name)
                rows[outer] = in_pandas(values, rows[outer], retyped=values.dtype != before[name])
            else:
                fresh[name] = values.to_pandas().set_axis(rows.index)
        rows = _beside(rows, fresh)
        return rows.iloc[:, 0].rename(self.given.name) if self.flat and after.width == 1 else rows

    def wrap(self, matrix: Any, names: Sequence[str]) -> Any:
        """A pandas frame with the index of X."""
        if issparse(matrix):
            return matrix
        pandas = optional("pandas", "data", PLACE)
        return pandas.DataFrame(matrix, index=self.given.index, columns=list(names))


def _beside(rows: Any, fresh: Mapping[str, Any]) -> Any:
    """A pandas frame with new columns, all at once: one by one, pandas would copy the frame for each."""
    if not fresh:
        return rows
    pandas = optional("pandas", "data", PLACE)
    new = pandas.DataFrame(fresh, rows.index)
    new.attrs = rows.attrs  # or `concat` would leave them out
    if (deep := rows.columns.nlevels) > 1:
        new.columns = pandas.MultiIndex.from_tuples([(name,) + ("",) * (deep - 1) for name in fresh])
    new.columns = new.columns.set_names(rows.columns.names)
    return pandas.concat([rows, new], axis=1)


@dataclass(frozen=True)
class ArrayRows(Rows):
    """An array (rows, columns), or a list of texts or pictures; missing values come back as NaN."""

    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """An array; of objects where X holds objects."""
        rows = self.given[at]
        changed = {*self.changed(after, at)}
        columns = [
            in_array(after[name], rows.dtype) if name in changed else rows[:, place]
            for place, name in enumerate(after.columns)
        ]
        if rows.dtype != object:
            return np.column_stack(columns)
        found = np.empty((len(at), len(columns)), object)
        for place, column in enumerate(columns):
            found[:, place] = column
        return found[:, 0] if self.flat and after.width == 1 else found


@dataclass(frozen=True)
class VectorRows(Rows):
    """An array (rows, numbers) each of whose rows is one value: a series, an embedding."""

    def back(self, after: pl.DataFrame, at: np.ndarray) -> Any:
        """An array."""
        rows = self.given[at]
        name = self.columns.columns[0]
        return np.array(after[name].to_list(), rows.dtype) if self.changed(after, at) else rows


def read(given: Any, content: Content) -> Rows:
    """X as columns; an array is checked as scikit-learn checks it.

    Raises:
        ValueError, TypeError: X is no table, or an array that scikit-learn would refuse.
        DataError: a column cannot be held, or the one that the step is about holds something else.
    """
    library = type(given).__module__.partition(".")[0]
    flat = content.kind != "table" and _is_flat(given)
    if library == "pandas" and (flat or given.ndim == 2):
        rows = _from_pandas(given, content, flat)
    elif library == "polars" and (flat or not isinstance(given, pl.Series)):
        rows = _from_polars(given, content, flat)
    elif hasattr(given, "__arrow_c_stream__") and library not in ("pandas", "polars"):
        rows = _from_polars(read_frames.load(given).frame, content, flat=False)
    else:
        rows = _from_array(given, content, flat)
    return rows if content.kind != "text" else _with_texts(rows, content.column)


def in_library(frame: Any, library: str) -> Any:
    """A frame of one library as one of `pandas` or `polars`; anything else as it is."""
    if library == "pandas" and isinstance(frame, pl.DataFrame):
        return frame.to_pandas()
    if library == "polars" and hasattr(frame, "reset_index"):
        return read_frames.load(frame.reset_index(drop=True)).frame
    return frame


def _is_flat(given: Any) -> bool:
    """True for one sequence of values: a list of texts, a series, an array of objects of one dimension."""
    if hasattr(given, "shape"):
        numbers = isinstance(given, np.ndarray) and given.dtype.kind in "biufc"
        return len(given.shape) == 1 and not numbers
    return isinstance(given, list | tuple) and all(
        isinstance(value, str | bytes) or is_missing(value) for value in given
    )


def _from_pandas(given: Any, content: Content, flat: bool) -> Rows:
    optional("pyarrow", "data", PLACE)  # Polars needs it to read and to make columns of pandas
    table = given.to_frame(content.column) if flat else given
    outer = list(table.columns)
    inner = [name if isinstance(name, str) else f"x{at}" for at, name in enumerate(outer)]
    if len(inner) == 1 and content.kind != "table":
        inner = [content.column]
    frame = read_frames.load(table.set_axis(inner, axis=1).reset_index(drop=True)).frame
    return PandasRows(given, frame, _renamed(inner, outer) if not flat else {}, flat)


def _from_polars(given: Any, content: Content, flat: bool) -> Rows:
    if flat:
        return PolarsRows(given, given.alias(content.column).to_frame(), flat=True)
    frame = read_frames.load(given).frame
    if frame.width > 1 or content.kind == "table":
        return PolarsRows(frame, frame)
    inner = [content.column]
    return PolarsRows(frame, frame.rename({frame.columns[0]: inner[0]}), _renamed(inner, frame.columns))


def _from_array(given: Any, content: Content, flat: bool) -> Rows:
    if flat:
        values = np.fromiter(given, object, len(given))
        frame = series_of(content.column, values).to_frame()
        return ArrayRows(values.reshape(-1, 1), frame, flat=True)
    check_array = optional("sklearn.utils", "data", PLACE).check_array
    vectors = content.kind == "vector"
    array = check_array(given, dtype="numeric" if vectors else None, ensure_all_finite=False)
    if vectors:
        column = pl.Series(content.column, array.astype(np.float64))
        return VectorRows(array, column.cast(pl.List(pl.Float64)).to_frame())
    names = [f"x{at}" for at in range(array.shape[1])]
    if len(names) == 1 and content.kind != "table":
        names = [content.column]
    columns = [series_of(name, array[:, at]) for at, name in enumerate(names)]
    if array.dtype.kind == "U":
        array = array.astype(object)
    return ArrayRows(array, pl.DataFrame(columns), _renamed(names, [f"x{at}" for at in range(len(names))]))


def _renamed(inner: Sequence[str], outer: Sequence[Hashable]) -> dict[str, Hashable]:
    return {name: own for name, own in zip(inner, outer, strict=True) if name != own}


def _with_texts(rows: Rows, column: str) -> Rows:
    """The rows, their texts as strings; whether the column is there, the step asks."""
    if column not in rows.columns.columns:
        return rows
    kind = rows.columns.schema[column]
    if not isinstance(kind, WORDS):
        raise DataError(
            f"column '{column}'", f"holds {kind}, not texts", "name the column of texts by `text`"
        )
    return replace(rows, columns=rows.columns.with_columns(pl.col(column).cast(pl.String)))
