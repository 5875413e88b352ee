"""Fills missing values by what the train rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from math import isnan
from operator import itemgetter
from typing import Any, ClassVar, Literal, Self

import polars as pl

from trimtab.core.columns import FILLABLE, FillableColumn, UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.step import ColumnStep
from trimtab.data import kinds, tally
from trimtab.data.ahead import ahead
from trimtab.data.kinds import present
from trimtab.data.tally import Pile, Tally


@dataclass(frozen=True)
class Impute(ColumnStep):
    """Fill nulls: numbers by `numeric`, all else by `categorical`; `none` leaves them.

    `columns` are those to fill, by default all but text and label, which nobody can make up. NaN in a
    column of numbers is missing too; an empty string is a value and stays. The fills travel with the model.
    A column without any value in train stays as it is; so do dates, lists and bytes. Integers become floats
    where the fill is no integer that they can hold; a fill of decimals is rounded to their places. `constant`
    fills by `number` and `word`; a column that cannot hold them (of Booleans, say) is refused. So is a later
    column that holds text where train held numbers, or numbers where it held text.
    """

    name: ClassVar[str] = "impute"
    light: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("fills",)

    numeric: Literal["median", "mean", "most_frequent", "constant", "none"] = "median"
    categorical: Literal["most_frequent", "constant", "none"] = "most_frequent"
    number: float = 0.0
    word: str = "missing"
    columns: tuple[FillableColumn, ...] = ()
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    fills: tuple[tuple[str, Any], ...] | None = None

    def partial(self, batch: Batch) -> Tally:
        """Value counts of the columns."""
        names = [name for name in batch.columns.columns if name not in (self.text, self.label)]
        chosen = present(batch, self.columns, self.name, FILLABLE) or names
        return tally.count(
            {name: batch[name] for name in chosen if self._rule(name, batch[name].dtype) != "none"}
        )

    def merge(self, left: Tally, right: Tally) -> Tally:
        """Counts of both blocks."""
        return tally.add(left, right)

    def finish(self, total: Tally) -> Self:
        """The step with one fill for each column that has values."""
        names = sorted(total)
        values = tally.piles(total)
        found = zip(names, ahead(lambda name: self._fill(name, values[name]), names), strict=True)
        return replace(self, fills=tuple((name, fill) for name, fill in found if fill is not None))

    def scatter(self, summary: Tally, shares: int) -> list[Tally]:
        """Counts of some columns each."""
        return tally.scatter(summary, shares)

    def gather(self, learned: Sequence[Self]) -> Self:
        """The step with the fills of all."""
        fills = sorted(chain.from_iterable(step.fills or () for step in learned), key=itemgetter(0))
        return replace(self, fills=tuple(fills))

    def __call__(self, batch: Batch) -> Batch:
        """The rows without the missing values; a column that is not there is passed over."""
        fills = dict(self.fills or ())
        batch = kinds.as_learnt(
            batch, {name: (kinds.kind_of(fill),) for name, fill in fills.items()}, self.name
        )
        there = [name for name in batch.columns.columns if name in fills]
        filled = [_filled(batch[name], fills[name], self.name) for name in there]
        return replace(batch, columns=batch.columns.with_columns(filled)) if filled else batch

    def _rule(self, name: str, kind: pl.DataType) -> str:
        if kinds.of_type(kind) not in FILLABLE:
            return "none"
        rule: str = self.numeric if kind.is_numeric() else self.categorical
        constant = self.number if kind.is_numeric() else self.word
        if rule == "constant" and not kind.is_integer() and not _holds(kind, constant):
            raise DataError(
                f"step {self.name}",
                f"column '{name}' is of {kind.base_type()}, which cannot hold {constant!r}",
                "name the `columns`, or another constant",
            )
        return rule

    def _fill(self, name: str, values: Pile) -> Any:
        """What stands for a missing value; None where no value is known."""
        rule = self._rule(name, values.kind)
        if rule == "constant":
            return float(self.number) if values.kind.is_numeric() else self.word
        if rule == "median":
            (median,) = values.quantiles(0.5)
            return None if isnan(median) else median
        counts = values.frame()
        if counts.height == 0:
            return None
        if rule == "mean":
            return tally.mean_and_spread(counts)[0]
        found = tally.mode(counts)
        return self._as_float(name, found) if isinstance(found, Decimal) else found

    def _as_float(self, name: str, value: Decimal) -> float:
        """A decimal as JSON can keep it."""
        if Decimal(str(float(value))) != value:
            raise DataError(
                f"step {self.name}",
                f"column '{name}': {value} is more than a float can hold",
                "cast it to text",
            )
        return float(value)


def _holds(kind: pl.DataType, value: float | str) -> bool:
    """Whether a column of this type can hold a value, rounded perhaps."""
    try:
        pl.Series([value]).cast(kind)
    except pl.exceptions.PolarsError:
        return False
    return True


def _filled(values: pl.Series, fill: Any, step: str) -> pl.Expr:
    column, kind = pl.col(values.name), values.dtype
    whole = isinstance(fill, str) or not kind.is_integer() or float(fill).is_integer()
    if kind.is_integer() and whole:
        fill = int(fill)
    if not (whole and _holds(kind, fill)):
        kind = pl.String() if isinstance(fill, str) else pl.Float64()
        kinds.exact(values, step)
        column = column.cast(kind)
    if kind.is_float():
        column = column.fill_nan(None)
    return column.fill_null(pl.lit(fill, dtype=kind))
