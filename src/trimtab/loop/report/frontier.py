"""The Pareto picture: accuracy drop against latency, with the box that the budget allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Literal, get_args

import altair as alt

from trimtab.core.units import show_size
from trimtab.loop.record import BudgetRecord, CandidateRecord, UseRecord
from trimtab.loop.report.pictures import ACCENT, INK, MUTED, WARM, spec_of

WIDTH, HEIGHT = 880, 400
"""Pixels the picture is laid out for; the page lets its width shrink."""


Standing = Literal["winner", "within the budget", "over the budget", "uncompressed"]


def standing(one: CandidateRecord, winner: str | None) -> Standing:
    """How a candidate stands; of the uncompressed model, from which all are made, no budget is asked."""
    if one["name"] == winner:
        return "winner"
    if "source" in one and one["source"] is None:
        return "uncompressed"
    return "over the budget" if one.get("refused") or exceeded(one) else "within the budget"


def exceeded(one: CandidateRecord) -> list[UseRecord]:
    """The budgets that a candidate does not keep."""
    return [use for use in one.get("uses", []) if use["used"] > 1]


def pareto(candidates: Sequence[CandidateRecord], budget: BudgetRecord, winner: str | None) -> dict[str, Any]:
    """Accuracy drop against p99, size as area of the point, the box of what the budget allows shaded."""
    rows = [_point(each, winner) for each in candidates if each.get("drop") and each.get("p99_ms")]
    across, down = _domains(rows, budget)
    x = alt.X(
        "p99:Q", title="p99 latency, ms (logarithmic)", scale=alt.Scale(type="log", domain=across, nice=False)
    )
    y = alt.Y("drop:Q", title="accuracy drop, points", scale=alt.Scale(domain=down, nice=False))
    base = alt.Chart(alt.Data(values=_placed(rows, across, down))).encode(x=x)
    bars = base.mark_rule(color=MUTED, strokeWidth=1.5).encode(y=alt.Y("low:Q"), y2="high:Q")
    names = [
        base.transform_filter(f"datum.place == {at}")
        .mark_text(align=align, baseline="middle", dx=dx, dy=dy, color=INK, fontSize=12.5)
        .encode(y=y, text="name:N", detail="name:N")
        for at, (align, dx, dy) in enumerate(_PLACES)
    ]
    reached = alt.Chart(alt.Data(values=_least_drop(rows, across[1])))
    path = reached.mark_line(color=MUTED, strokeDash=[2, 3], interpolate="step-after").encode(x=x, y=y)
    return spec_of(
        alt.layer(*_budget_box(budget, across, down), path, bars, _dots(base, y), *names),
        "Candidates by 99th percentile latency and accuracy drop; the shaded box is what the budget allows.",
        HEIGHT,
    )


def _dots(base: alt.Chart, y: alt.Y) -> alt.Chart:
    """A point for each candidate: its area is the model's size, its colour says how it stands."""
    standings = alt.Scale(
        domain=list(get_args(Standing)),
        range=[ACCENT, MUTED, WARM, INK],
    )
    shown = {
        "name": "candidate",
        "shown_drop": "accuracy drop",
        "shown_p99": "p99",
        "shown_size": "size",
        "standing": "standing",
    }
    return base.mark_point(filled=True, opacity=1, stroke="var(--paper)", strokeWidth=1.5).encode(
        y=y,
        size=alt.Size("size:Q", legend=None, scale=alt.Scale(type="linear", domainMin=0, range=[60, 900])),
        color=alt.Color(
            "standing:N",
            scale=standings,
            legend=alt.Legend(title=None, orient="top", symbolSize=120),
        ),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in shown.items()],
    )


def _point(each: CandidateRecord, winner: str | None) -> dict[str, Any]:
    drop = each["drop"]
    assert drop is not None  # the caller left the others out
    low, middle, high = (100 * drop[key] for key in ("low", "drop", "high"))
    return {
        "name": each["name"],
        "p99": each["p99_ms"],
        "drop": middle,
        "low": low,
        "high": high,
        "size": each.get("size_bytes", 0),
        "standing": standing(each, winner),
        "shown_drop": f"{middle:.2f} points ({low:.2f} to {high:.2f})",
        "shown_p99": f"{each['p99_ms']:.3g} ms",
        "shown_size": show_size(each.get("size_bytes", 0)),
    }


def _least_drop(rows: Sequence[Mapping[str, Any]], right: float) -> list[dict[str, float]]:
    """Corners of the stairs below which nothing was measured, from the left to the edge."""
    corners: list[dict[str, float]] = []
    for row in sorted(rows, key=lambda row: (row["p99"], row["drop"])):
        if not corners or row["drop"] < corners[-1]["drop"]:
            corners.append({"p99": row["p99"], "drop": row["drop"]})
    return [*corners, {"p99": right, "drop": corners[-1]["drop"]}] if corners else []


def _domains(rows: Sequence[Mapping[str, Any]], budget: BudgetRecord) -> tuple[list[float], list[float]]:
    """What the axes span: every point with its interval, and the budget's corner."""
    times = [row["p99"] for row in rows] + [value for value in [budget.get("latency_p99_ms")] if value]
    drops = [row[key] for row in rows for key in ("low", "high")] + [0.0]
    if budget.get("accuracy_drop") is not None:
        drops.append(100 * (budget["accuracy_drop"] or 0.0))
    room = 0.08 * (max(drops) - min(drops) or 1.0)
    return [min(times) / 1.9, max(times) * 2.2], [min(drops) - room, max(drops) + room]


def _budget_box(budget: BudgetRecord, across: Sequence[float], down: Sequence[float]) -> list[Any]:
    drop, p99 = budget.get("accuracy_drop"), budget.get("latency_p99_ms")
    if drop is None and p99 is None:
        return []
    right = across[1] if p99 is None else p99
    top = down[1] if drop is None else 100 * drop
    corner = [{"left": across[0], "right": right, "bottom": down[0], "top": top, "text": "the budget allows"}]
    base = alt.Chart(alt.Data(values=corner))
    box = base.mark_rect(color=ACCENT, opacity=0.1).encode(x="left:Q", x2="right:Q", y="bottom:Q", y2="top:Q")
    name = base.mark_text(align="left", baseline="top", dx=8, dy=8, color=ACCENT, fontSize=12).encode(
        x="left:Q", y="top:Q", text="text:N"
    )
    return [box, name]


_PLACES = (("left", 12, -17), ("left", 12, 18), ("right", -17, 0), ("right", -12, -17))
"""Where a name may stand beside its point: alignment, pixels down; the first free is taken."""


def _placed(
    rows: Sequence[dict[str, Any]], across: Sequence[float], down: Sequence[float]
) -> list[dict[str, Any]]:
    """The rows with the place of each name, chosen one after another so that names do not collide."""
    spots = [
        (
            WIDTH * log(row["p99"] / across[0]) / log(across[1] / across[0]),
            HEIGHT * (down[1] - row["drop"]) / (down[1] - down[0]),
        )
        for row in rows
    ]
    scale = HEIGHT / (down[1] - down[0])
    taken = [(x - 12, y - 12, x + 12, y + 12) for x, y in spots] + [
        (x - 3, y - scale * (row["high"] - row["drop"]), x + 3, y + scale * (row["drop"] - row["low"]))
        for row, (x, y) in zip(rows, spots, strict=True)
    ]
    placed = []
    for row, (x, y) in zip(rows, spots, strict=True):
        boxes = [_name_box(row["name"], x, y, place) for place in _PLACES]
        free = [at for at, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken)]
        place = free[0] if free else 0
        taken.append(boxes[place])
        placed.append({**row, "place": place})
    return placed


def _name_box(
    name: str, x: float, y: float, place: tuple[str, int, int]
) -> tuple[float, float, float, float]:
    align, dx, dy = place
    left = x + dx - (7 * len(name) if align == "right" else 0)
    return left, y + dy - 8, left + 7 * len(name), y + dy + 8


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
