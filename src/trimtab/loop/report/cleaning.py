"""Pictures of the data before and after cleaning: missing values, lengths, dropped rows by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from trimtab.loop.record_rows import DroppedCount
from trimtab.loop.report.pictures import ACCENT, MUTED, WARM, spec_of

_ROW = 24


def missing(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, Any]:
    """Share of missing values by column: a grey bar before, a coloured one after."""
    rows = [
        {"column": name, "share": shares.get(name, 0.0), "when": when}
        for when, shares in (("before", before), ("after", after))
        for name in before
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("share:Q", title="share of the rows", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("column:N", sort=list(before), title=None, axis=_bare(220)),
            yOffset=alt.YOffset("when:N", sort=["before", "after"]),
            color=_coloured(["before", "after"], [MUTED, ACCENT]),
            tooltip=["column:N", "when:N", alt.Tooltip("share:Q", format=".2%")],
        )
    )
    return spec_of(chart, "Missing values by column, before and after cleaning.", 2 * _ROW * len(before))


def lengths(counts: Mapping[str, Sequence[float]], unit: str) -> dict[str, Any]:
    """Rows by length; what was dropped stands out above what was kept. The last class is open."""
    edges = counts["edges"]
    rows = [
        {"from": low, "to": high, "rows": number, "when": said}
        for when, said in (("before", "dropped"), ("after", "kept"))
        for low, high, number in zip(edges[:-1], edges[1:], counts[when], strict=True)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("from:Q", bin="binned", title=f"{unit} a text", axis=alt.Axis(tickCount=8, grid=False)),
            x2="to:Q",
            y=alt.Y("rows:Q", stack=None, title="rows", axis=alt.Axis(tickCount=4)),
            color=_coloured(["kept", "dropped"], [ACCENT, WARM]),
            tooltip=["when:N", "from:Q", "to:Q", alt.Tooltip("rows:Q", format=",")],
        )
    )
    return spec_of(chart, "Rows by length of the text, before and after cleaning.", 160)


def dropped(counted: Sequence[DroppedCount]) -> dict[str, Any]:
    """Dropped rows by step and reason, the most first."""
    rows = [
        {"name": f"{one['step']}: {one['reason']}", "split": one["split"], "rows": one["rows"]}
        for one in sorted(counted, key=lambda one: -one["rows"])
    ]
    names = list(dict.fromkeys(row["name"] for row in rows))
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=WARM, height={"band": 0.7}, cornerRadiusEnd=2)
        .encode(
            x=alt.X("rows:Q", title="rows", axis=alt.Axis(tickCount=5)),
            y=alt.Y("name:N", sort=names, title=None, axis=_bare(420)),
            tooltip=["name:N", "split:N", alt.Tooltip("rows:Q", format=",")],
        )
    )
    return spec_of(chart, "Dropped rows by reason.", _ROW * len(names))


def _coloured(said: list[str], colours: list[str]) -> Any:
    scale = alt.Scale(domain=said, range=colours)
    return alt.Color("when:N", sort=said, scale=scale, legend=alt.Legend(title=None, orient="top"))


def _bare(limit: int) -> Any:
    return alt.Axis(labelLimit=limit, maxExtent=limit + 10, grid=False, ticks=False, domain=False)
