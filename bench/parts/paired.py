"""Means over seeds with intervals, and differences paired by seed, for bench/augment.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from scipy import stats

Cell = Mapping[str, Any]
"""One result: model, data, shots, seed, method, valid, test, rows, seconds."""


def summary(
    cells: Sequence[Cell], controls: Set[str], control_of: Callable[[str], str]
) -> list[dict[str, Any]]:
    """One row for each model, data, shots and method, and for `best`: what validation chooses, seed by seed.

    `control_of` names the control that a method is compared with besides `none`.
    """
    groups: dict[tuple[Any, ...], dict[str, dict[int, Cell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        groups[cell["model"], cell["data"], cell["shots"]][cell["method"]][cell["seed"]] = cell
    rows = []
    for (model, data, shots), methods in sorted(groups.items()):
        plain = methods.get("none", {})
        tried = {name: of for name, of in methods.items() if name not in controls}
        best = {
            seed: max((of[seed] for of in tried.values() if seed in of), key=lambda cell: cell["valid"])
            for seed in plain
            if any(seed in of for of in tried.values())
        }
        for name, of in [*methods.items(), *([("best", best)] if len(tried) > 1 else [])]:
            rows.append({"model": model, "data": data, "shots": shots, "method": name})
            rows[-1] |= {"seeds": len(of), **interval("macro_f1", [100 * of[s]["test"] for s in of])}
            if name != "none":
                rows[-1] |= against(of, plain, methods, control_of)
    return rows


def against(
    of: Mapping[int, Cell],
    plain: Mapping[int, Cell],
    methods: Mapping[str, Mapping[int, Cell]],
    control_of: Callable[[str], str],
) -> dict[str, Any]:
    """Differences paired by seed."""
    shared = sorted(of.keys() & plain.keys())
    gains = [100 * (of[seed]["test"] - plain[seed]["test"]) for seed in shared]
    parts = [100 * (of[seed]["test"] / plain[seed]["test"] - 1) for seed in shared]
    found = {**interval("gain", gains), **interval("relative", parts)}
    over = []
    for seed in shared:
        control = methods.get(control_of(of[seed]["method"]), {}).get(seed)
        if control is not None and control is not of[seed]:
            over.append(100 * (of[seed]["test"] - control["test"]))
    return found | (interval("over_control", over) if over else {})


def interval(name: str, values: Sequence[float]) -> dict[str, Any]:
    """The mean, and where there are two values or more its 95 % interval by Student's t."""
    if not values:
        return {}
    mean = float(np.mean(values))
    found: dict[str, Any] = {name: round(mean, 2)}
    if len(values) > 1:
        t = float(stats.t.ppf(0.975, len(values) - 1))
        half = t * float(np.std(values, ddof=1)) / len(values) ** 0.5
        found[f"{name}_95"] = [round(mean - half, 2), round(mean + half, 2)]
    return found


def compact(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """The raw scores, those of all seeds on one line."""
    groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: cell["seed"]):
        groups[cell["model"], cell["data"], cell["shots"], cell["method"]].append(cell)
    return [
        {
            **dict(zip(("model", "data", "shots", "method"), of, strict=True)),
            **{
                name: ",".join(str(cell[name]) for cell in found)
                for name in ("seed", "valid", "test", "rows")
            },
            "seconds": round(float(np.mean([cell["seconds"] for cell in found])), 2),
        }
        for of, found in groups.items()
    ]
