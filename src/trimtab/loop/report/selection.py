"""The picture of a selection: the scores, and how often each feature was chosen from half the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from trimtab.loop.report.pictures import ACCENT, INK, MUTED, spec_of

MOST = 30
"""Features that are shown, the best first."""


def selection(
    summary: Sequence[dict[str, Any]], stability: Sequence[float], most: int = MOST
) -> dict[str, Any]:
    """Scores as bars, those kept in colour; a dot for each feature's share of the resamples that keep it.

    `summary` and `stability` are those of a learned `Select` step.
    """
    rows = [row | {"standing": "kept" if row["kept"] else "dropped"} for row in summary[:most]]
    order = [row["feature"] for row in rows]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(labelLimit=220, ticks=False)),
        tooltip=[
            "feature:N",
            alt.Tooltip("score:Q", format=".4g"),
            alt.Tooltip("frequency:Q", format=".0%", title="chosen"),
            alt.Tooltip("standing:N", title=""),
        ],
    )
    resampled = any(row["frequency"] is not None for row in rows)
    layers = [_bars(base), _frequencies(base)] if resampled else [_bars(base)]
    chart = alt.layer(*layers).resolve_scale(x="independent")
    return spec_of(chart, f"Scores of the best {len(rows)} features{stated(stability)}.", 18 * len(rows))


def _bars(base: alt.Chart) -> alt.Chart:
    return base.mark_bar().encode(
        x=alt.X("score:Q", title="score", axis=alt.Axis(format="~g", tickCount=6)),
        color=alt.Color(
            "standing:N",
            scale=alt.Scale(domain=["kept", "dropped"], range=[ACCENT, MUTED]),
            legend=alt.Legend(title=None, orient="top"),
        ),
    )


def _frequencies(base: alt.Chart) -> alt.Chart:
    return (
        base.transform_filter("isValid(datum.frequency)")
        .mark_point(filled=True, size=50, opacity=1, color=INK)
        .encode(
            x=alt.X(
                "frequency:Q",
                title="share of resamples that choose it (dots)",
                axis=alt.Axis(format="%", orient="top", tickCount=6, grid=False),
                scale=alt.Scale(domain=[0, 1]),
            )
        )
    )


def stated(stability: Sequence[float]) -> str:
    """The stability in words, or nothing where it is not defined.

    >>> stated((0.81, 0.74, 0.88))
    '; stability 0.81 [0.74, 0.88]'
    """
    if not stability:
        return ""
    value, low, high = stability
    return f"; stability {value:.2f} [{low:.2f}, {high:.2f}]"
