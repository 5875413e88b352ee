"""The cells of an array as a column, and a column as cells of an array or of a pandas series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.errors import DataError
from trimtab.data.read_frames import names_of

PLACE = "trimtab.data.steps"


def series_of(name: str, values: np.ndarray) -> pl.Series:
    """An array (n,) as a column; None and NaN are missing, and so are NA and NaT of pandas.

    Raises:
        DataError: texts among other objects.
        TypeError, ValueError: objects that are neither texts, bytes, numbers nor sequences.
    """
    if values.dtype.kind == "U":
        values = values.astype(object)
    if values.dtype != object:
        series = pl.Series(name, values)
        return series.fill_nan(None) if series.dtype.is_float() else series
    cells = [None if is_missing(value) else value for value in values]
    present = [value for value in cells if value is not None]
    if not present:
        return pl.Series(name, cells, pl.Null)
    for kind, held in ((str, pl.String), (bytes, pl.Binary), (bool, pl.Boolean)):
        if all(isinstance(value, kind) for value in present):
            return _held(name, cells, held)
    if any(isinstance(value, str | bytes) for value in present):
        raise DataError(
            PLACE, f"'{name}' mixes texts and other values", "give each column values of one kind"
        )
    if all(isinstance(value, int | np.integer | list | tuple | np.ndarray) for value in present):
        return pl.Series(name, cells, strict=False)
    return pl.Series(name, np.array(cells, np.float64)).fill_nan(None)


def _held(name: str, cells: Sequence[Any], kind: type[pl.DataType]) -> pl.Series:
    try:
        return pl.Series(name, cells, kind)
    except UnicodeEncodeError as error:
        raise DataError(
            PLACE, f"'{name}' holds half a surrogate pair, which is no character", "mend the text"
        ) from error


def is_missing(value: Any) -> bool:
    """True for None, NaN, and NA and NaT of pandas."""
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def in_pandas(values: pl.Series, old: Any, retyped: bool) -> Any:
    """A column as a pandas series with index and name of `old`, and its type where that holds every value.

    A column that the step `retyped` takes its new type, whatever its values are.
    """
    made = values.to_pandas().set_axis(old.index).rename(old.name)
    if old.dtype.name == "category" and not retyped:
        plain = made.astype(object)  # or the categories would not take the order of the old ones
        known = dict(zip(names_of(old.cat.categories), old.cat.categories, strict=True))
        held = plain.dropna().isin(known).all()
        return plain.map(known).astype(old.dtype) if held else made
    if retyped or made.dtype == old.dtype:
        return made
    try:
        held = made.astype(old.dtype)
        same = held.isna().equals(made.isna()) and bool((held.dropna() == made.dropna()).all())
    except (TypeError, ValueError):
        return made
    return held if same else made


def in_array(values: pl.Series, kind: np.dtype) -> np.ndarray:
    """A column for an array: NaN where missing; among objects, as objects."""
    if kind.kind != "O":
        return values.to_numpy()
    return np.fromiter(
        (np.nan if value is None else value for value in values.to_list()), object, len(values)
    )
