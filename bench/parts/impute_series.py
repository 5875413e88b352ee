"""Blocks of series hidden at random, filled by trimtab, pandas and scikit-learn (for bench/impute.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from parts.filled import Holes, Method, columns, hollow, judged
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.impute import Impute
from trimtab.data.interpolate import Interpolate
from trimtab.data.rolling_impute import RollingImpute

SHARE = 0.1
"""Share of the rows that are hidden, in blocks."""
BLOCKS = {"co2": (1, 4), "etth1": (1, 24)}
"""Shortest and longest block in rows: weeks as in the real gaps of co2, hours up to a day."""
PERIOD = {"co2": 52, "etth1": 24}
WINDOW = 8
Fill = Callable[[pd.Series], pd.Series]


def cells(folder: Path, seeds: Sequence[int], small: bool) -> Iterator[dict[str, Any]]:
    """One result for each series, method and seed."""
    for name, load in {"co2": co2, "etth1": etth1}.items():
        rows = load(folder)
        rows = rows.head(1_000) if small else rows
        shortest, longest = BLOCKS[name]
        for seed in seeds:
            holed, holes = hide(rows, BLOCKS[name], np.random.default_rng([seed, 2]))
            for found in one_seed(holed, holes, PERIOD[name]):
                yield {"data": name, "gap": f"blocks of {shortest} to {longest}", "seed": seed, **found}


def co2(folder: Path) -> pl.DataFrame:
    """Weekly values; 59 are really missing, so their truth is unknown and never scored."""
    rows = pl.read_csv(folder / "ts_co2_gaps" / "co2.csv", schema_overrides={"date": pl.String})
    return rows.select(time=pl.col("date").str.to_date("%Y%m%d"), co2="co2")


def etth1(folder: Path) -> pl.DataFrame:
    """Hourly loads and oil temperature of a transformer; none is missing."""
    rows = pl.read_csv(folder / "ts_etth1" / "ETTh1.csv", try_parse_dates=True)
    return rows.rename({"date": "time"})


def hide(
    rows: pl.DataFrame, lengths: tuple[int, int], rng: np.random.Generator
) -> tuple[pl.DataFrame, Holes]:
    """The rows with blocks missing, in each column others, and what was there. The ends stay."""
    values = rows.drop("time")
    hidden = {name: blocks(values[name].is_not_null().to_numpy(), lengths, rng) for name in values.columns}
    truth = columns(values)
    spread = {name: float(np.nanstd(truth[name])) for name in values.columns}
    return hollow(rows, hidden), Holes(truth, hidden, spread)


def blocks(known: np.ndarray, lengths: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Which rows (n,) lie in a block; lengths are uniform, places too."""
    hidden = np.zeros(len(known), bool)
    while hidden.mean() < SHARE:
        length = rng.integers(lengths[0], lengths[1], endpoint=True)
        start = rng.integers(1, len(known) - length)
        hidden[start : start + length] = True
    return hidden & known


def one_seed(holed: pl.DataFrame, holes: Holes, period: int) -> Iterator[dict[str, Any]]:
    """Every method on the same holes."""
    held = holed.to_pandas().set_index("time")
    for method in methods(period):
        ours = partial(stepped, method.step, holed)
        yield judged(method, ours, partial(held.apply, method.fill), holes, list(held))


def stepped(step: Step, rows: pl.DataFrame) -> pl.DataFrame:
    """A series is filled from itself: it is learned from and applied to."""
    batch = Batch(rows, np.arange(rows.height), "series")
    return step.learn(batch)(batch).columns


def methods(period: int) -> Iterator[Method]:
    """What is compared; `live` methods never look ahead, and stand beside each other first."""
    yield Method("mean", Impute(numeric="mean"), "pandas fillna", lambda held: held.fillna(held.mean()))
    yield Method("forward, live", Interpolate(), "pandas ffill", lambda held: held.ffill())
    live = Interpolate(method="seasonal", period=period)
    yield Method("seasonal, live", live, "pandas ffill by phase", lambda held: by_phase(held, period))
    for statistic in ("mean", "median"):
        step = RollingImpute(statistic=statistic, window=WINDOW)
        yield Method(f"rolling {statistic}, live", step, "pandas rolling", rolling(statistic))
    yield Method("backward", whole("backward"), "pandas bfill", lambda held: held.bfill())
    for ours, theirs in {
        "linear": "linear",
        "time": "time",
        "pchip": "pchip",
        "spline": "cubicspline",
    }.items():
        yield Method(ours, whole(ours), f"pandas {theirs}", straight(theirs))
    season = Interpolate(method="seasonal", period=period, live=False)
    yield Method("seasonal", season, "pandas linear", straight("linear"), same=False)
    around = RollingImpute(window=WINDOW, live=False)
    yield Method("rolling mean", around, "pandas linear", straight("linear"), same=False)


def whole(method: Any) -> Interpolate:
    """A method that looks at both sides of a gap."""
    return Interpolate(method=method, live=False)


def straight(method: Any) -> Fill:
    """pandas' interpolation, never beyond the ends."""
    return lambda held: held.interpolate(method, limit_area="inside")


def rolling(statistic: str) -> Fill:
    """The last `WINDOW` known values before the gap."""

    def fill(held: pd.Series) -> pd.Series:
        last = getattr(held.dropna().rolling(WINDOW, min_periods=1), statistic)()
        return held.fillna(last.reindex(held.index).ffill())

    return fill


def by_phase(held: pd.Series, period: int) -> pd.Series:
    """The value of the last season that has one."""
    return held.groupby(np.arange(len(held)) % period).ffill()
