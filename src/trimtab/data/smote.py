"""SMOTE and its kin on frames: the one file that calls imbalanced-learn."""

from __future__ import annotations

import numpy as np
import polars as pl

from trimtab.core.columns import TIMES, WORDS
from trimtab.core.errors import DataError
from trimtab.core.optional import optional
from trimtab.data.kinds import of_type
from trimtab.data.tally import present_values


def usable(rows: pl.DataFrame, step: str) -> None:
    """Nothing, if SMOTE can make up rows of these columns.

    Raises:
        DataError: there is no column, one of a type that SMOTE cannot make up, or one with missing or
            infinite values.
    """
    place = f"step {step}"
    if rows.width == 0:
        raise DataError(place, "no column beside the label", "use `method: random`")
    for name, kind in rows.schema.items():
        if not _is_number(kind) and not _is_category(kind):
            raise DataError(
                place,
                f"column '{name}' holds {kind}, which SMOTE cannot make up",
                "use `method: random`, or leave the column out",
            )
        there = present_values(rows[name])
        if lacking := int((~there).sum()):
            raise DataError(
                place,
                f"column '{name}' has {lacking} missing values, and SMOTE knows none",
                "put `impute` before it, or use `method: random`",
            )
        if kind.is_float() and not rows[name].is_finite().all():
            raise DataError(place, f"column '{name}' holds infinite values", "drop or clip such rows before")


def made_up(
    rows: pl.DataFrame, chosen: np.ndarray, wanted: int, neighbours: int, seed: int, step: str
) -> pl.DataFrame:
    """Rows (wanted,) made up between the rows of one class, which `chosen` (rows,) bool marks.

    SMOTE, SMOTE-NC or SMOTE-N (Chawla et al., 2002), by the kinds of the columns; numbers are standardised
    before distances are taken. At least two rows must be chosen, and as many others as chosen and wanted.
    """
    library = optional("imblearn.over_sampling", "data", f"step {step}")
    categories = np.array([_is_category(kind) for kind in rows.dtypes])
    values = np.column_stack([_codes(rows[name]) for name in rows.columns])
    centre = np.where(categories, 0, values.mean(axis=0))
    spread = np.where(categories, 1, values.std(axis=0))
    spread[spread == 0] = 1
    options = {
        "k_neighbors": min(neighbours, int(chosen.sum()) - 1),
        "random_state": seed,
        "sampling_strategy": {1: int(chosen.sum()) + wanted},
    }
    if categories.all():
        sampler = library.SMOTEN(**options)
    elif categories.any():
        sampler = library.SMOTENC(np.flatnonzero(categories).tolist(), **options)
    else:
        sampler = library.SMOTE(**options)
    grown, _ = sampler.fit_resample((values - centre) / spread, chosen.astype(int))
    made = np.asarray(grown[len(values) :], float) * spread + centre
    return pl.DataFrame([_decoded(made[:, at], rows[name]) for at, name in enumerate(rows.columns)])


def _is_number(kind: pl.DataType) -> bool:
    return of_type(kind) in TIMES


def _is_category(kind: pl.DataType) -> bool:
    return of_type(kind) in WORDS


def _levels(values: pl.Series) -> pl.Series:
    return values.cast(pl.String).unique().sort()


def _codes(values: pl.Series) -> np.ndarray:
    """The column as floats (rows,): a category by its rank among the names."""
    if not _is_category(values.dtype):
        return values.to_physical().cast(pl.Float64).to_numpy()
    levels = _levels(values).to_list()
    number = dict(zip(levels, range(len(levels)), strict=True))
    return values.cast(pl.String).replace_strict(number, return_dtype=pl.Float64).to_numpy()


def _decoded(codes: np.ndarray, like: pl.Series) -> pl.Series:
    """The column that `codes` (rows,) stand for, of the name and type of `like`."""
    if _is_category(like.dtype):
        names = _levels(like).gather(codes.round().astype(np.int64))
        made = names == "true" if like.dtype == pl.Boolean else names.cast(like.dtype)
        return made.alias(like.name)
    made = pl.Series(like.name, codes)
    if like.dtype.is_float():
        return made.cast(like.dtype)
    return made.round().cast(like.to_physical().dtype).cast(like.dtype)
