"""Outliers of series against the windows that people marked: the seven `realKnownCause` series of NAB.

Each step flags points; a window (19 in all) is found if a point in it is flagged. Since a window holds about
a tenth of its series' points, chance finds many: `by_chance` is how many windows as many random points would
find; `inside_pct` and `outside_pct` are the shares of points that are flagged in and out of windows.
`learned` says from which rows the ranges come: NAB's probation (the first 15 %, which hold no window) or all.
Only the rest of a series is scored, at the steps' default settings. `agrees_pct` is the share of points on
which the same method of the library `compared` gives the same verdict.

These are detectors of wrong values, not of incidents that last for hours: read the table for what they miss.
Reads ../shared/data. Takes about a minute.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from scipy import stats
from sklearn.ensemble import IsolationForest as Reference

from parts.report import finish, parser
from trimtab.core.objects import Batch
from trimtab.core.step import Step
from trimtab.data.hampel import Hampel
from trimtab.data.isolation_forest import IsolationForest
from trimtab.data.outliers import Iqr, QuantileClip, RobustZScore, ZScore

DATA = Path(__file__).parents[2] / "shared" / "data" / "ts_nab_known"
PROBATION = 0.15
Flags = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(values learned from, values) to bool (n,)."""


@dataclass(frozen=True)
class Marked:
    """A series (n,), the first scored row, and the windows as (first, last) rows."""

    name: str
    rows: pl.DataFrame
    start: int
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Method:
    """A step, whether it learns, and the same method by another library."""

    name: str
    step: Step
    compared: str
    reference: Flags
    learns: bool = True


def main() -> None:
    """Flag, and count windows."""
    options = parser(__doc__).parse_args()
    if not DATA.is_dir():
        sys.exit("bench/outliers.py: no folder ../shared/data: it is not part of the project")
    series = load()[: 2 if options.quick else None]
    cells = [cell for one in series for cell in judged(one)]
    finish("outliers", options, list(table(cells)), cells, {"series": [one.name for one in series]})


def load() -> list[Marked]:
    """The seven series with their windows."""
    marked = json.loads((DATA / "combined_windows.json").read_text())
    found = []
    for path in sorted(DATA.glob("*.csv")):
        rows = pl.read_csv(path, try_parse_dates=True).rename({"timestamp": "time"})
        windows = []
        for first, last in marked[f"realKnownCause/{path.name}"]:
            held = rows["time"].is_between(datetime.fromisoformat(first), datetime.fromisoformat(last))
            at = held.arg_true()
            windows.append((at[0], at[-1]))
        found.append(Marked(path.stem, rows, int(PROBATION * rows.height), tuple(windows)))
    return found


def judged(one: Marked) -> Iterator[dict[str, Any]]:
    """One result for each method and each rule of what is learned from."""
    values = one.rows["value"].to_numpy()
    for method in methods():
        for learned, rows in {"first 15 %": one.rows.head(one.start), "all": one.rows}.items():
            if not method.learns and learned != "all":
                continue
            flagged = flags(method.step, rows, one.rows)[one.start :]
            theirs = method.reference(rows["value"].to_numpy(), values)[one.start :]
            yield {
                "series": one.name,
                "method": method.name,
                "learned": learned if method.learns else "nothing",
                "compared": method.compared,
                "points": len(flagged),
                "flagged": int(flagged.sum()),
                "false": int((flagged & ~inside(one)).sum()),
                "outside": int((~inside(one)).sum()),
                "windows": len(one.windows),
                "found": hits(one, flagged),
                "by_chance": chance(one, int(flagged.sum())),
                "agree": int((flagged == theirs).sum()),
            }


def flags(step: Step, learned: pl.DataFrame, rows: pl.DataFrame) -> np.ndarray:
    """What the step flags among the rows (n,)."""
    ready = step.learn(Batch(learned, np.arange(learned.height), "series"))
    done = ready(Batch(rows, np.arange(rows.height), "series")).columns
    (column,) = [name for name in done.columns if name not in rows.columns]
    return done[column].cast(pl.Boolean).fill_null(value=False).to_numpy()


def inside(one: Marked) -> np.ndarray:
    """Which scored points lie in a window."""
    found = np.zeros(one.rows.height, bool)
    for first, last in one.windows:
        found[first : last + 1] = True
    return found[one.start :]


def hits(one: Marked, flagged: np.ndarray) -> int:
    """How many windows hold a flagged point."""
    return sum(bool(flagged[first - one.start : last + 1 - one.start].any()) for first, last in one.windows)


def chance(one: Marked, count: int) -> float:
    """How many windows as many random points find, on average: hypergeometric."""
    points = one.rows.height - one.start
    lengths = np.array([last + 1 - first for first, last in one.windows])
    return float(np.sum(1 - stats.hypergeom.pmf(0, points, lengths, count)))


def methods() -> Iterator[Method]:
    """Every outlier step for numbers at its defaults, with `action: flag`."""
    yield Method("zscore", ZScore(action="flag"), "NumPy", zscore)
    yield Method("robust_zscore", RobustZScore(action="flag"), "SciPy", robust)
    yield Method("iqr", Iqr(action="flag"), "NumPy", iqr)
    yield Method("quantile_clip", QuantileClip(action="flag"), "NumPy", quantiles)
    yield Method("isolation_forest", IsolationForest(action="flag"), "scikit-learn", forest)
    for live in (True, False):
        step = Hampel(live=live, action="flag")
        yield Method(f"hampel{', live' if live else ''}", step, "pandas", hampel(live), learns=False)


def zscore(learned: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Further than `limit` standard deviations from the mean."""
    return np.abs(values - learned.mean()) > ZScore().limit * learned.std()


def robust(learned: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same with median and median absolute deviation."""
    spread = stats.median_abs_deviation(learned, scale="normal")
    return np.abs(values - np.median(learned)) > RobustZScore().limit * spread


def iqr(learned: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Tukey's fences."""
    low, high = np.quantile(learned, (0.25, 0.75))
    away = Iqr().factor * (high - low)
    return (values < low - away) | (values > high + away)


def quantiles(learned: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Outside two quantiles."""
    low, high = np.quantile(learned, (QuantileClip().low, QuantileClip().high))
    return (values < low) | (values > high)


def forest(learned: np.ndarray, values: np.ndarray) -> np.ndarray:
    """scikit-learn's own scores and cut, from the same draws."""
    step = IsolationForest()
    made = Reference(n_estimators=step.trees, contamination=step.share, random_state=0)
    return made.fit(learned[:, None]).predict(values[:, None]) < 0


def hampel(live: bool) -> Flags:
    """Rolling median and median absolute deviation."""

    def find(_: np.ndarray, values: np.ndarray) -> np.ndarray:
        step = Hampel()
        near = pd.Series(values).rolling(step.window, min_periods=1, center=not live)
        centre = near.median().to_numpy()
        spread = near.apply(lambda part: stats.median_abs_deviation(part, scale="normal"), raw=True)
        return np.abs(values - centre) > step.limit * spread.to_numpy()

    return find


def table(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Sums over series, with Wilson's 95 % interval for the windows."""
    frame = pl.DataFrame(cells)
    sums = frame.group_by("method", "learned", "compared", maintain_order=True).agg(
        pl.exclude("series").sum()
    )
    for row in sums.iter_rows(named=True):
        interval = stats.binomtest(row["found"], row["windows"]).proportion_ci(method="wilson")
        yield {
            "method": row["method"],
            "learned": row["learned"],
            "windows": row["windows"],
            "found": row["found"],
            "found_95": [round(float(row["windows"] * end), 1) for end in (interval.low, interval.high)],
            "by_chance": round(row["by_chance"], 1),
            "inside_pct": round(100 * (row["flagged"] - row["false"]) / (row["points"] - row["outside"]), 2),
            "outside_pct": round(100 * row["false"] / row["outside"], 2),
            "compared": row["compared"],
            "agrees_pct": round(100 * row["agree"] / row["points"], 2),
        }


if __name__ == "__main__":
    main()
