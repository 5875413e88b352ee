"""The sections about training and what the winner still gets wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trimtab.loop.record import ConfusionRecord, Epoch, Record, Trial
from trimtab.loop.report import figures, pictures
from trimtab.loop.report.html import Html, breakable, each, folded, section, table, tag, text
from trimtab.loop.report.page import picture

_LOSSES = ("train_loss", "valid_loss")
_PERCENTILES = (50, 90, 95, 99)


def learning(record: Record) -> Html | None:
    """Learning curves and the trials of the search."""
    curves = {name: points for name, points in record.get("curves", {}).items() if points}
    tried = record.get("trials", [])
    if not curves and not tried:
        return None
    return section(
        "training",
        "Training",
        tag(
            "div",
            _curve(curves, _LOSSES, "loss"),
            _curve(curves, ("valid_accuracy",), "validation accuracy"),
            class_="pair",
        )
        if curves
        else None,
        folded("Figures of every epoch", _epochs(curves)) if curves else None,
        _trials(tried),
    )


def confusion(record: Record) -> Html | None:
    """The worst classes of the winner, the pairs behind them and examples of each."""
    said = record.get("confusion")
    if not said or not said["pairs"]:
        return None
    return section(
        "errors",
        "Where it still errs",
        tag(
            "p",
            _errors_on(said),
            "From the left: the class; from below: what the model said instead.",
            class_="quiet",
        ),
        picture("confusion", pictures.confusion(said)),
        tag("div", _worst(said), _pairs(said), class_="pair"),
    )


def latency(record: Record) -> Html | None:
    """How long single requests take, by candidate."""
    times = {name: sample for name, sample in record.get("latencies", {}).items() if sample}
    if not times:
        return None
    quantiles = {name: np.percentile(sample, _PERCENTILES).tolist() for name, sample in times.items()}
    rows = [
        (
            name,
            *map(figures.ms, quantiles[name]),
            figures.ms(max(times[name])),
            figures.count(len(times[name])),
        )
        for name in times
    ]
    head = ["candidate", *(f"p{at}" for at in _PERCENTILES), "slowest", "requests"]
    return section(
        "latency",
        "Latency",
        tag("p", "One request at a time through the real server, tokenising included.", class_="quiet"),
        picture("latencies", pictures.latency(times, record["budget"].get("latency_p99_ms"))),
        table("Time of a request", head, rows, numeric=range(1, len(head))),
    )


def _curve(curves: Mapping[str, Sequence[Epoch]], metrics: Sequence[str], title: str) -> Html | None:
    seen = {metric for points in curves.values() for point in points for metric in metrics if metric in point}
    if not seen:
        return None
    spec = pictures.learning(curves, [metric for metric in metrics if metric in seen], title)
    return picture(f"curve-{metrics[-1]}", spec)


def _epochs(curves: Mapping[str, Sequence[Epoch]]) -> Html:
    rows = [
        (
            name,
            figures.number(point["epoch"]),
            figures.number(point.get("train_loss")),
            figures.number(point.get("valid_loss")),
            figures.share(point.get("valid_accuracy")),
        )
        for name, points in curves.items()
        for point in points
    ]
    head = ["model", "epoch", "train loss", "validation loss", "validation accuracy"]
    return table("Learning curves", head, rows, numeric=(1, 2, 3, 4))


def _trials(tried: Sequence[Trial]) -> Html | None:
    if not tried:
        return None
    names = list(dict.fromkeys(name for trial in tried for name in trial["params"]))
    ordered = sorted(
        tried, key=lambda trial: -(trial["value"] if trial["value"] is not None else float("-inf"))
    )
    rows = [
        (
            trial["number"],
            figures.number(trial["value"]),
            trial["state"],
            *(figures.number(trial["params"].get(name)) for name in names),
        )
        for trial in ordered
    ]
    head = ["trial", "score", "state", *(name.replace("_", " ") for name in names)]
    scored = [trial for trial in tried if trial["value"] is not None]
    return text(
        tag("h3", "Trials of the search" if len(tried) > 1 else "Settings"),
        picture("trials", pictures.trials(tried)) if len(scored) > 1 else None,
        table("Best first", head, rows, numeric=(1, *range(3, len(head)))),
    )


def _errors_on(said: ConfusionRecord) -> str:
    return f"Errors on the {figures.part(said['rows'])} rows. " if "rows" in said else ""


def _worst(said: ConfusionRecord) -> Html:
    rows = [
        (
            breakable(one["label"]),
            one["errors"],
            one["rows"],
            figures.share(one["errors"] / one["rows"] if one["rows"] else None),
        )
        for one in said["classes"]
    ]
    return table(
        "Classes with most errors", ["class", "errors", "rows", "error rate"], rows, numeric=(1, 2, 3)
    )


def _pairs(said: ConfusionRecord) -> Html:
    listed = each(
        folded(
            text(
                tag("b", breakable(pair["truth"])),
                " taken for ",
                tag("b", breakable(pair["predicted"])),
                f", {figures.rows(pair['count'])}",
            ),
            tag("ul", each(tag("li", tag("q", example)) for example in pair["examples"]), class_="examples"),
            open_=at == 0,
        )
        for at, pair in enumerate(said["pairs"])
    )
    return tag("div", tag("p", "Examples, as the users wrote them", class_="quiet"), listed, class_="stack")
