"""Scores of filled cells against the truth, and the rows of bench/impute.py."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from parts.paired import interval
from trimtab.core.step import Step

ALIKE = 1e-4
"""Two fills are alike where they differ by less, in standard deviations."""
Columns = Mapping[str, np.ndarray]
"""Column name to values (rows,): floats with NaN where there is none, or words with None."""


@dataclass(frozen=True)
class Holes:
    """The cells that were hidden: their truth, and the yardstick of each column of numbers."""

    truth: Columns
    hidden: Mapping[str, np.ndarray]
    """Column name to (rows,) bool."""
    spread: Mapping[str, float]
    """Standard deviation of each column of numbers, of the rows that are learned from."""


@dataclass(frozen=True)
class Method:
    """A step beside a reference; `same` where both are the same method and so must agree."""

    name: str
    step: Step
    reference: str
    fill: Callable[..., Any]
    """How the reference fills; what it takes depends on the data."""
    same: bool = True
    numbers_only: bool = False


def judged(
    method: Method,
    ours: Callable[[], pl.DataFrame],
    theirs: Callable[[], Mapping[str, Any]],
    holes: Holes,
    names: Sequence[str],
) -> dict[str, Any]:
    """A method's result on columns `names`: both fill, timed, and are compared."""
    mine, our_seconds = _timed(ours)
    other, seconds = _timed(theirs)
    return {
        "method": method.name,
        "reference": method.reference,
        "same": method.same,
        "seconds": (our_seconds, seconds),
        **compared(columns(mine), {name: values.to_numpy() for name, values in other.items()}, holes, names),
    }


def hollow(rows: pl.DataFrame, hidden: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """The rows with the hidden cells missing."""
    return rows.with_columns(
        pl.when(pl.Series(~hidden[name])).then(pl.col(name)).alias(name) for name in hidden
    )


def columns(rows: pl.DataFrame) -> Columns:
    """Floats with NaN, words with None."""
    return {
        one.name: one.fill_null(np.nan).to_numpy() if one.dtype == pl.Float64 else np.array(one, object)
        for one in rows
    }


def compared(ours: Columns, theirs: Columns, holes: Holes, columns: Sequence[str]) -> dict[str, Any]:
    """Scores of both, of the cells that both filled, and the share of these cells that they fill alike."""
    both = {
        name: holes.hidden[name] & _there(ours[name]) & _there(theirs[name])
        for name in columns
        if holes.hidden[name].any()
    }
    alike = [_alike(ours[name][at], theirs[name][at], holes.spread.get(name)) for name, at in both.items()]
    return {
        "ours": score(ours, holes, {name: holes.hidden[name] & _there(ours[name]) for name in both}),
        "theirs": score(theirs, holes, {name: holes.hidden[name] & _there(theirs[name]) for name in both}),
        "over": _less(score(ours, holes, both), score(theirs, holes, both)),
        "alike": float(np.mean(np.concatenate(alike))),
        "filled": [_share(one, holes, both) for one in (ours, theirs)],
    }


def score(found: Columns, holes: Holes, cells: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Root mean square and mean absolute error in percent of the standard deviation, and accuracy in
    percent: each the mean over the columns."""
    scores = defaultdict(list)
    for name, at in cells.items():
        if not at.any():
            continue
        if name in holes.spread:
            away = 100 * (found[name][at] - holes.truth[name][at]) / holes.spread[name]
            scores["rmse"].append(np.sqrt(np.mean(away**2)))
            scores["mae"].append(np.mean(np.abs(away)))
        else:
            scores["accuracy"].append(100 * np.mean(found[name][at] == holes.truth[name][at]))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def table(cells: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row for each data, gap, method and reference: means over seeds, 95 % t-intervals, and the
    difference to the reference paired by seed."""
    for of, runs in grouped(cells).items():
        row = dict(zip(("data", "gap", "method"), of, strict=False))
        for kind in ("rmse", "accuracy"):
            found = interval(kind, [run["ours"][kind] for run in runs if kind in run["ours"]])
            row |= found
        row["reference"] = of[3]
        for kind in ("rmse", "accuracy"):
            if kind in runs[0]["theirs"]:
                row[f"reference_{kind}"] = round(float(np.mean([run["theirs"][kind] for run in runs])), 2)
        row["agrees"] = agrees(runs)
        if row["agrees"] != "yes":
            for kind in ("rmse", "accuracy"):
                row |= interval(f"{kind}_over", [run["over"][kind] for run in runs if kind in run["over"]])
        filled = 100 * float(np.mean([run["filled"][1] for run in runs]))
        row |= {"reference_filled": round(filled, 1)} if filled < 100 else {}
        row["seconds"] = float(f"{median(run['seconds'][0] for run in runs):.3g}")
        row["reference_seconds"] = float(f"{median(run['seconds'][1] for run in runs):.3g}")
        yield row


def agrees(runs: Sequence[Mapping[str, Any]]) -> str:
    """`yes`, `another method`, or the share of cells that are filled alike where all should be."""
    if not runs[0]["same"]:
        return "another method"
    alike = float(np.mean([run["alike"] for run in runs]))
    whole = all(run["filled"][0] == run["filled"][1] for run in runs)
    return "yes" if alike == 1 and whole else f"no: {100 * alike:.2f} % of cells"


def compact(cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The raw scores, those of all seeds on one line."""
    found = []
    for of, runs in grouped(cells).items():
        row = dict(zip(("data", "gap", "method", "reference"), of, strict=True))
        for side in ("ours", "theirs"):
            for kind in runs[0][side]:
                row[f"{side} {kind}"] = ",".join(f"{run[side][kind]:.4f}" for run in runs)
        for place, side in enumerate(("ours", "theirs")):
            row[f"{side} seconds"] = ",".join(f"{run['seconds'][place]:.4f}" for run in runs)
        found.append(row | {"alike": ",".join(f"{run['alike']:.6f}" for run in runs)})
    return found


def grouped(cells: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """The cells of all seeds by data, gap, method and reference."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        groups[cell["data"], cell["gap"], cell["method"], cell["reference"]].append(cell)
    return dict(groups)


def _there(values: np.ndarray) -> np.ndarray:
    return ~np.isnan(values) if values.dtype.kind == "f" else np.array([one is not None for one in values])


def _alike(ours: np.ndarray, theirs: np.ndarray, spread: float | None) -> np.ndarray:
    return ours == theirs if spread is None else np.abs(ours - theirs) <= ALIKE * spread


def _less(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    return {kind: ours[kind] - theirs[kind] for kind in ours}


def _share(found: Columns, holes: Holes, cells: Mapping[str, np.ndarray]) -> float:
    filled = sum(int((holes.hidden[name] & _there(found[name])).sum()) for name in cells)
    return filled / sum(int(holes.hidden[name].sum()) for name in cells)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    done = work()
    return done, time.perf_counter() - start
