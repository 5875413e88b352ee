"""The report's pictures: Vega-Lite specifications, made by Altair and drawn by the page itself.

Colours are names of CSS variables, so that a picture follows the page from light to dark and to paper
without being drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from trimtab.loop.record import ConfusionRecord, Epoch, Trial

INK, MUTED, ACCENT, WARM = "var(--ink)", "var(--muted)", "var(--accent)", "var(--warm)"
PALETTE = [f"var(--c{at})" for at in range(1, 9)]
NAMED = 16
"""Most classes whose names stand beside their bars."""
_ECDF_POINTS = 160
_DASHES = ([3, 3], [1, 0])
"""The train metric is dotted, the validation metric drawn through."""


def label_counts(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Any]:
    """Rows of each class before and after cleaning, the largest class first."""
    order = sorted(before, key=lambda label: -before[label])
    rows = [
        {"label": label, "rows": counts.get(label, 0), "when": when}
        for when, counts in (("dropped", before), ("kept", after))
        for label in order
    ]
    chart = alt.Chart(alt.Data(values=rows)).encode(
        color=alt.Color(
            "when:N",
            scale=alt.Scale(domain=["kept", "dropped"], range=[ACCENT, WARM]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=[
            alt.Tooltip("label:N", title="class"),
            alt.Tooltip("rows:Q"),
            alt.Tooltip("when:N", title=""),
        ],
    )
    said = "Rows of each class before and after cleaning."
    if len(order) <= NAMED:
        names = alt.Axis(labelLimit=220, grid=False, ticks=False, domain=False)
        bars = chart.mark_bar(height={"band": 0.7}, cornerRadiusEnd=2).encode(
            x=alt.X(
                "rows:Q", stack=None, title="rows", axis=alt.Axis(tickCount=5, tickMinStep=1, format=",d")
            ),
            y=alt.Y("label:N", sort=order, title=None, axis=names),
        )
        return spec_of(bars, said, max(24 * len(order), 60))
    bars = chart.mark_bar().encode(
        x=alt.X("label:N", sort=order, title="classes", axis=alt.Axis(labels=False, ticks=False)),
        y=alt.Y("rows:Q", stack=None, title="rows"),
    )
    return spec_of(bars, said, 180)


def learning(curves: Mapping[str, Sequence[Epoch]], metrics: Sequence[str], title: str) -> dict[str, Any]:
    """One or more metrics over epochs; one colour a model, one dash a metric."""
    rows = [
        {"model": name, "epoch": point["epoch"], "value": value, "metric": metric.replace("_", " ")}
        for name, points in curves.items()
        for point in points
        for metric in metrics
        if isinstance(value := point.get(metric), int | float)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="~g")),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format="~g")),
        color=_coloured("model:N"),
        detail="metric:N",
    )
    dash = alt.StrokeDash(
        "metric:N",
        scale=alt.Scale(range=_DASHES[-len(metrics) :]),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeColor=MUTED)
        if len(metrics) > 1
        else None,
    )
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dash)
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(
        tooltip=["model:N", "metric:N", "epoch:Q", alt.Tooltip("value:Q", format=".4f")]
    )
    return spec_of(alt.layer(lines, dots), f"{title} by epoch.", 240)


def confusion(record: ConfusionRecord) -> dict[str, Any]:
    """The pairs of classes that the winner mixes up most, as a matrix."""
    rows = [{key: pair[key] for key in ("truth", "predicted", "count")} for pair in record["pairs"]]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("predicted:N", title=None, axis=alt.Axis(labelAngle=-35, labelLimit=230, grid=False)),
        y=alt.Y("truth:N", title=None, axis=alt.Axis(labelLimit=270, maxExtent=300, grid=False)),
        tooltip=["truth:N", "predicted:N", "count:Q"],
    )
    cells = base.mark_rect(color=WARM, cornerRadius=3).encode(
        opacity=alt.Opacity("count:Q", legend=None, scale=alt.Scale(domainMin=0, range=[0.12, 0.85]))
    )
    numbers = base.mark_text(color=INK, fontSize=12).encode(text="count:Q")
    height = 26 * len({row["truth"] for row in rows})
    return spec_of(alt.layer(cells, numbers), "Which classes are taken for which, by number of rows.", height)


def latency(times: Mapping[str, Sequence[float]], budget_ms: float | None) -> dict[str, Any]:
    """The share of requests answered within a time, by candidate, with the budget's line."""
    shares = np.unique(np.concatenate([np.linspace(0, 1, _ECDF_POINTS), 1 - np.geomspace(0.1, 0.001, 40)]))
    rows = [
        {"candidate": name, "ms": float(f"{value:.4g}"), "share": float(f"{at:.5g}")}
        for name, sample in times.items()
        if len(sample)
        for at, value in zip(shares, np.quantile(np.asarray(sample, float), shares), strict=True)
    ]
    x = alt.X("ms:Q", title="milliseconds (logarithmic)", scale=alt.Scale(type="log", nice=False))
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(
            x=x,
            y=alt.Y("share:Q", title="share of requests", axis=alt.Axis(format="%", tickCount=5)),
            color=_coloured("candidate:N"),
            tooltip=["candidate:N", alt.Tooltip("ms:Q"), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    marks = [_line_at(x="ms:Q", values=[{"ms": budget_ms}], label="budget")] if budget_ms else []
    return spec_of(alt.layer(lines, *marks), "Share of requests answered within a time, by candidate.", 260)


def trials(tried: Sequence[Trial]) -> dict[str, Any]:
    """Every trial's value, and the best so far."""
    scored = [trial for trial in tried if trial["value"] is not None]
    best = np.maximum.accumulate([trial["value"] or 0.0 for trial in scored]).tolist()
    rows = [
        {"trial": trial["number"], "value": trial["value"], "best": top, "state": trial["state"]}
        for trial, top in zip(scored, best, strict=True)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("trial:O", axis=alt.Axis(labelAngle=0, labelOverlap=True))
    )
    y = alt.Y("value:Q", title="validation score", scale=alt.Scale(zero=False))
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        y=y, color=_coloured("state:N"), tooltip=["trial:O", alt.Tooltip("value:Q", format=".4f"), "state:N"]
    )
    line = base.mark_line(interpolate="step-after", color=MUTED, strokeDash=[3, 3]).encode(y=alt.Y("best:Q"))
    return spec_of(
        alt.layer(line, dots), "Validation score of every trial; the dashed line is the best so far.", 200
    )


def _line_at(x: str, values: list[dict[str, Any]], label: str) -> Any:
    base = alt.Chart(alt.Data(values=values)).encode(x=x)
    rule = base.mark_rule(color=WARM, strokeDash=[4, 3])
    name = base.mark_text(align="left", dx=5, dy=-4, y="height", color=WARM, fontSize=12, text=label)
    return alt.layer(rule, name)


def _coloured(field: str) -> Any:
    return alt.Color(field, scale=alt.Scale(range=PALETTE), legend=alt.Legend(title=None, orient="top"))


def spec_of(chart: Any, description: str, height: Any) -> dict[str, Any]:
    """The specification, without Altair's own colours, for the page to draw."""
    sized = chart.properties(
        width="container",
        height=height,
        description=description,
        autosize={"type": "fit-x", "contains": "padding"},
    )
    spec: dict[str, Any] = sized.to_dict()
    spec.pop("config", None)
    return spec
