"""The pictures of a profile: Vega-Lite specifications, in the colours of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from trimtab.loop.report.pictures import ACCENT, MUTED, NAMED, WARM, spec_of

_ROW = 22


def missing(columns: Sequence[Mapping[str, Any]], rows: int) -> dict[str, Any]:
    """Share of missing values and of empty strings by column."""
    values = [
        {"column": one["name"], "share": one[kind] / max(rows, 1), "kind": kind}
        for one in columns
        for kind in ("missing", "empty")
        if one[kind]
    ]
    kinds = [kind for kind in ("missing", "empty") if any(one["kind"] == kind for one in values)]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(height={"band": 0.7}, cornerRadiusEnd=2)
        .encode(
            x=alt.X("share:Q", title="share of the rows", axis=alt.Axis(format="%", tickCount=5)),
            y=_names("column:N"),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=kinds, range=[WARM, MUTED] if "missing" in kinds else [MUTED]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[alt.Tooltip("column:N"), alt.Tooltip("kind:N"), alt.Tooltip("share:Q", format=".2%")],
        )
    )
    return spec_of(chart, "Missing values and empty strings by column.", _ROW * len(columns))


def histogram(name: str, spread: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Rows by value; the end bars hold what lies beyond."""
    edges, counts = spread["histogram"]["edges"], spread["histogram"]["rows"]
    step = {"tickMinStep": 1} if edges[1] - edges[0] == 1 else {}  # whole numbers
    values = [
        {"from": low, "to": high, "rows": rows}
        for low, high, rows in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(color=ACCENT, binSpacing=1)
        .encode(
            x=alt.X(
                "from:Q",
                bin="binned",
                title=title,
                axis=alt.Axis(format="~s", tickCount=6, grid=False, **step),
            ),
            x2="to:Q",
            y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d")),
            tooltip=[
                alt.Tooltip("from:Q", format=".4~g"),
                alt.Tooltip("to:Q", format=".4~g"),
                alt.Tooltip("rows:Q", format=","),
            ],
        )
    )
    return spec_of(chart, f"Rows by {name}.", 130)


def values(name: str, top: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The most frequent values of a column."""
    shown = [{**one, "value": one["value"] if one["value"] else "(empty)"} for one in top]
    chart = (
        alt.Chart(alt.Data(values=shown))
        .mark_bar(color=ACCENT, height={"band": 0.7}, cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                "rows:Q", title=f"rows by {name}", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d")
            ),
            y=_names("value:N", limit=150),
            tooltip=["value:N", alt.Tooltip("rows:Q", format=",")],
        )
    )
    return spec_of(chart, f"The most frequent values of {name}.", max(_ROW * len(shown), 60))


def labels(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of each class, the largest first; few classes have their names beside them."""
    tooltip = [alt.Tooltip("label:N", title="class"), alt.Tooltip("rows:Q", format=",")]
    chart = alt.Chart(alt.Data(values=list(counts))).encode(tooltip=tooltip)
    if len(counts) <= NAMED:
        bars = chart.mark_bar(color=ACCENT, height={"band": 0.7}, cornerRadiusEnd=2).encode(
            x=alt.X("rows:Q", title="rows", axis=alt.Axis(tickCount=5, tickMinStep=1, format=",d")),
            y=_names("label:N"),
        )
        return spec_of(bars, "Rows of each class.", max(_ROW * len(counts), 60))
    bars = chart.mark_bar(color=ACCENT).encode(
        x=alt.X("label:N", sort=None, title="classes", axis=alt.Axis(labels=False, ticks=False)),
        y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=5, tickMinStep=1, format=",d")),
    )
    return spec_of(bars, "Rows of each class.", 180)


def drift(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How far test is from the data, by column."""
    shown = [
        {
            "column": one["column"] if one["what"] == "values" else f"{one['column']} ({one['what']})",
            "size": one["statistic"],
            "adjusted": one["adjusted"],
            "test": one["test"],
            "verdict": "differs" if one["drifted"] else "no difference shown",
        }
        for one in columns
    ]
    ordered = [one["column"] for one in sorted(shown, key=lambda one: -(one["size"] or 0))]
    chart = (
        alt.Chart(alt.Data(values=shown))
        .mark_bar(height={"band": 0.7}, cornerRadiusEnd=2)
        .encode(
            x=alt.X("size:Q", title="size of the difference, 0 to 1", axis=alt.Axis(tickCount=5)),
            y=_names("column:N", sort=ordered),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=["differs", "no difference shown"], range=[WARM, MUTED]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                "column:N",
                "test:N",
                alt.Tooltip("size:Q", format=".3f"),
                alt.Tooltip("adjusted:Q", format=".2~g"),
            ],
        )
    )
    return spec_of(chart, "How far test is from the data, by column.", _ROW * len(shown))


def _names(field: str, sort: Any = None, limit: int = 220) -> Any:
    return alt.Y(
        field, sort=sort, title=None, axis=alt.Axis(labelLimit=limit, grid=False, ticks=False, domain=False)
    )
