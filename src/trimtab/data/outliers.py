"""Finds values far from the others, one column at a time; a text is measured by its length in
characters."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, repeat
from operator import itemgetter
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import (
    NUMBERS,
    QUANTITIES,
    SIZES,
    TEXTS,
    CategoryColumn,
    Columns,
    Fault,
    SizedColumn,
    UsualColumn,
    unfit,
)
from trimtab.core.errors import ConfigError
from trimtab.core.objects import Batch
from trimtab.core.step import ColumnStep
from trimtab.data import groups, kinds, tally
from trimtab.data.actions import Action, Found, act, check_flags, flags_after, number
from trimtab.data.ahead import ahead
from trimtab.data.kinds import numbers, present
from trimtab.data.tally import Pile, Tally

Bound = tuple[str, float, float]
"""Column, lowest and highest value that stays."""
GroupBound = tuple[str, groups.Key, float, float]
"""Column, group, lowest and highest value that stays."""
Counted = tuple[Tally, Tally, frozenset[str]]
"""Value counts of all rows, and by group; and the columns of text, whose lengths are counted."""


@dataclass(frozen=True)
class Outliers(ColumnStep):
    """What these steps share: they learn a range for each column, and act on the values outside.

    `columns` are numbers or texts; by default the text column (but for `action: clip`), and where there is
    none all columns of numbers except the label. A missing value is no outlier; an infinite one always is.

    `by` names columns whose values make groups, each with a range of its own; a group that train did not
    hold takes the range of all rows. `action` is `drop` (train rows only: a request is never dropped),
    `clip` (to the range), `null` (so that a later step fills it) or `flag` (a column `<column>_outlier`);
    the last three do the same to validation rows, test rows and requests, where a column that is not there
    is passed over.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular", "series"})
    light: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("bounds", "group_bounds", "lengths")

    columns: tuple[SizedColumn, ...] = ()
    by: tuple[CategoryColumn, ...] = ()
    action: Action = "drop"
    text: UsualColumn = "text"
    label: UsualColumn = "label"
    bounds: tuple[Bound, ...] | None = None
    group_bounds: tuple[GroupBound, ...] | None = None
    lengths: tuple[str, ...] | None = None
    """The columns of text, whose bounds are those of their lengths."""

    @property
    def train_only(self) -> bool:
        """Only dropping stays behind."""
        return self.action == "drop"

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """Texts that are to be clipped, too."""
        yield from super().check(columns)
        if columns is not None and self.action == "clip":
            for name in self.columns:
                if columns.get(name) == frozenset({TEXTS}):
                    yield from unfit(name, columns, QUANTITIES)

    def after(self, columns: Columns) -> Columns:
        """Flags of all, at most."""
        return flags_after(columns, self.action)

    @abstractmethod
    def range(self, values: Pile) -> tuple[float, float]:
        """The lowest and highest value that stays, from all finite values, at least one."""

    def partial(self, batch: Batch) -> Counted:
        """Value counts of the measured quantities, of all rows and by group."""
        names = present(batch, self.columns or self._usual(batch), self.name, SIZES)
        if self.action == "clip":
            present(batch, names, self.name, QUANTITIES)
        values = {name: self._measured(batch, name) for name in names}
        check_flags(batch, values, self.action, self.name)
        texts = frozenset(name for name in values if kinds.of_type(batch[name].dtype) == TEXTS)
        if not self.by:
            return tally.count(values), {}, texts
        return tally.count(values), groups.count(values, groups.keys(batch, self.by, self.name)), texts

    def merge(self, left: Counted, right: Counted) -> Counted:
        """Counts of both blocks."""
        return tally.add(left[0], right[0]), groups.add(left[1], right[1]), left[2] | right[2]

    def finish(self, total: Counted) -> Self:
        """The step with a range for each column that has values, and for each group of it."""
        whole, grouped, texts = total
        names, piles = sorted(whole), tally.piles(whole)
        ends = ahead(lambda name: self._ends(piles[name].finite()), names)
        bounds = tuple((name, *both) for name, both in zip(names, ends, strict=True) if both is not None)
        by_group = tuple(
            (name, key, *self.range(Pile((), (part,))))
            for name in sorted(grouped)
            for key, part in groups.parts(tally.finite(grouped[name]))
        )
        lengths = tuple(name for name, *_ in bounds if name in texts)
        return replace(self, bounds=bounds, group_bounds=by_group, lengths=lengths)

    def scatter(self, summary: Counted, shares: int) -> list[Counted]:
        """Counts of some columns each."""
        whole, grouped = (tally.scatter(counts, shares) for counts in summary[:2])
        return list(zip(whole, grouped, repeat(summary[2]), strict=False))

    def gather(self, learned: Sequence[Self]) -> Self:
        """The step with the ranges of all."""
        bounds = chain.from_iterable(step.bounds or () for step in learned)
        by_group = chain.from_iterable(step.group_bounds or () for step in learned)
        return replace(
            self,
            bounds=tuple(sorted(bounds, key=itemgetter(0))),
            group_bounds=tuple(sorted(by_group, key=itemgetter(0))),  # stable: groups stay in order
            lengths=tuple(sorted(chain.from_iterable(step.lengths or () for step in learned))),
        )

    def __call__(self, batch: Batch) -> Batch:
        """The rows after the action."""
        names = [bound[0] for bound in self.bounds or ()]
        if self.train_only:
            present(batch, names, self.name)
        if self.lengths is not None:  # else learnt by an earlier version, which did not say
            texts = set(self.lengths)
            learnt = {name: (TEXTS if name in texts else NUMBERS,) for name in names}
            batch = kinds.as_learnt(batch, learnt, self.name)
        there = set(batch.columns.columns)
        found = [self._find(batch, name) for name in names if name in there]
        return act(batch, found, self.action, self.name)

    def _ends(self, values: Pile) -> tuple[float, float] | None:
        return None if values.empty else self.range(values)

    def _find(self, batch: Batch, name: str) -> Found:
        cells = self._measured(batch, name).cast(pl.Float64)
        rows = pl.DataFrame({"value": cells.fill_nan(None) if cells.is_nan().any() else cells})
        rows = rows.with_columns(self._ranges(batch, name))
        value, low, high = pl.col("value"), pl.col("low"), pl.col("high")
        rows = rows.with_columns(outside=((value < low) | (value > high)).fill_null(False))
        what = f"length of {name}" if kinds.of_type(batch[name].dtype) == TEXTS else name
        tail = f"{' of its group' if self.by else ''} ({self.name})"
        reason = pl.format(
            "{} {} is outside {} to {}{}", pl.lit(what), *map(number, rows.columns[:3]), pl.lit(tail)
        )
        return Found(name, rows, reason)

    def _ranges(self, batch: Batch, name: str) -> Iterable[pl.Expr | pl.Series]:
        """`low` and `high` of each row."""
        low, high = self._bounds[name]
        if not self.by:
            return pl.lit(low).alias("low"), pl.lit(high).alias("high")
        known = self._group_bounds[name]
        schema = {str(at): pl.String for at in range(len(self.by))} | {"low": pl.Float64, "high": pl.Float64}
        table = pl.DataFrame(known, schema=schema, orient="row")
        ends = groups.find(groups.keys(batch, self.by, self.name), table)
        return ends["low"].fill_null(low), ends["high"].fill_null(high)

    @cached_property
    def _bounds(self) -> dict[str, tuple[float, float]]:
        return {name: (low, high) for name, low, high in self.bounds or ()}

    @cached_property
    def _group_bounds(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """By column, each group's key and range."""
        found = defaultdict(list)
        for name, key, low, high in self.group_bounds or ():
            found[name].append((*key, low, high))
        return found

    def _usual(self, batch: Batch) -> list[str]:
        if batch.modality == "text" and self.action != "clip":
            return [self.text]
        return [name for name in numbers(batch) if name != self.label and name not in self.by]

    def _measured(self, batch: Batch, name: str) -> pl.Series:
        values = kinds.held(batch[name], TEXTS, NUMBERS)
        assert values is not None
        return values if values.dtype.is_numeric() else values.cast(pl.String).str.len_chars()


@dataclass(frozen=True)
class Iqr(Outliers):
    """Find values more than `factor` interquartile ranges below the first or above the third quartile.

    Tukey's fences (Tukey, 1977): 1.5 for outliers, 3 for far out.
    """

    name: ClassVar[str] = "iqr"

    factor: Annotated[float, Field(gt=0)] = 1.5

    def range(self, values: Pile) -> tuple[float, float]:
        """Tukey's fences."""
        first, third = values.quantiles(0.25, 0.75)
        reach = self.factor * (third - first)
        return first - reach, third + reach


@dataclass(frozen=True)
class ZScore(Outliers):
    """Find values more than `limit` standard deviations from the mean; where all are alike, none."""

    name: ClassVar[str] = "zscore"

    limit: Annotated[float, Field(gt=0)] = 3.0

    def range(self, values: Pile) -> tuple[float, float]:
        """Mean plus and minus `limit` standard deviations."""
        counts = values.frame()
        if counts.height == 1:
            return float(counts["value"][0]), float(counts["value"][0])
        mean, spread = tally.mean_and_spread(counts)
        return mean - self.limit * spread, mean + self.limit * spread


@dataclass(frozen=True)
class RobustZScore(Outliers):
    """Find values more than `limit` robust deviations from the median.

    The deviation is 1.4826 times the median absolute deviation, which is the standard deviation of normal
    values (Iglewicz and Hoaglin, 1993, who give the limit of 3.5). Where more than half of the values are
    alike it is 0; then 1.2533 times the mean absolute deviation stands for it.
    """

    name: ClassVar[str] = "robust_zscore"

    limit: Annotated[float, Field(gt=0)] = 3.5

    def range(self, values: Pile) -> tuple[float, float]:
        """Median plus and minus `limit` robust deviations."""
        counts = values.frame()
        centre = tally.quantile(counts, 0.5)
        away = counts.select((pl.col("value").cast(pl.Float64) - centre).abs(), "rows").sort("value")
        spread = 1.4826 * tally.quantile(away, 0.5)
        if spread == 0:
            spread = np.sqrt(np.pi / 2) * float(np.average(away["value"], weights=away["rows"]))
        return centre - self.limit * spread, centre + self.limit * spread


@dataclass(frozen=True)
class QuantileClip(Outliers):
    """Clip values to the quantiles `low` and `high` of the train rows (winsorising, Hastings et al.,
    1947)."""

    name: ClassVar[str] = "quantile_clip"

    action: Action = "clip"
    low: Annotated[float, Field(ge=0, le=1)] = 0.01
    high: Annotated[float, Field(ge=0, le=1)] = 0.99

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ConfigError(
                f"step {self.name}",
                f"low {self.low} is not below high {self.high}",
                "give two quantiles in order",
            )

    def range(self, values: Pile) -> tuple[float, float]:
        """The two quantiles."""
        low, high = values.quantiles(self.low, self.high)
        return low, high
