"""The parts of a profile's page about labels, copies, test rows and unreadable rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.data.profile_findings import PLAUSIBLE
from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, breakable, folded, section, table, tag, text
from trimtab.loop.report.page import picture

Profile = Mapping[str, Any]
SHOWN = 200
"""Most columns and classes that stand in a table; the JSON has them all."""
_HOW = {
    "twins under another label": "Rows with a near copy under another label. It is a narrow look: a wrong "
    "label without a twin is not found, and which of the two is wrong only a person can tell.",
    "confident learning": "Rows whose label the rest of the data contradicts, by out-of-fold probabilities.",
}


def value(number: float | None) -> str:
    """A value of the data: four figures, and all digits of the whole part."""
    if number is None:
        return figures.ABSENT
    return f"{number:,.0f}" if 1e3 <= abs(number) < 1e12 else f"{number:.4g}"


def labels(found: Profile) -> Html | None:
    from trimtab.loop.report import profile_pictures as draw

    held, doubt = found["labels"], found["suspicious"]
    if not held or not held["counts"]:
        return None
    counts = held["counts"]
    rows = [(breakable(one["label"]), figures.count(one["rows"])) for one in counts]
    return section(
        "labels",
        "Labels",
        picture("labels", draw.labels(counts)),
        folded(
            f"{'All' if len(counts) == held['classes'] else 'The largest'} {len(counts)} classes",
            table("Rows by class", ["class", "rows"], rows, numeric=(1,)),
        ),
        _doubtful(doubt) if doubt else None,
    )


def _doubtful(doubt: Profile) -> Html:
    if not doubt["of"]:
        return text(
            tag("h3", "Doubtful labels: none could be judged"), tag("p", f"{doubt['why']}.", class_="quiet")
        )
    note = _HOW[doubt["method"]]
    if doubt["rows"] > PLAUSIBLE * doubt["of"]:
        note += " So many doubts speak against the model that has them: it tells these classes apart badly."
    rows = [(one["row"], breakable(one["label"]), one["why"], one["text"]) for one in doubt["first"]]
    return text(
        tag("h3", f"Doubtful labels: {figures.rows(doubt['rows'])} of {doubt['of']:,} that were judged"),
        tag("p", note, class_="quiet"),
        folded(f"The first {len(rows)}", table("Doubtful labels", ["row", "label", "why", "content"], rows))
        if rows
        else None,
    )


def copies(found: Profile) -> Html:
    held = found["duplicates"]
    rows: list[Sequence[object]] = [
        ("whole rows", figures.count(held["rows"]), figures.count(found["rows"]["data"]))
    ]
    for key, name in (
        ("text", "the text, exactly"),
        ("near", "the text, nearly (Jaccard 0.9 or more), exact ones too"),
    ):
        if key in held:
            rows.append((name, figures.count(held[key]["rows"]), figures.count(held[key]["of"])))
    if "conflicting" in held:
        rows.append(
            (
                "all but the label, which differs",
                figures.count(held["conflicting"]),
                figures.count(found["rows"]["data"]),
            )
        )
    first = [(one["row"], one["reason"], one["text"]) for one in held.get("near", {}).get("first", [])]
    return section(
        "copies",
        "Copies",
        table("Rows that repeat an earlier one", ["in", "rows", "looked at"], rows, numeric=(1, 2)),
        folded(f"The first {len(first)}", table("Copies", ["row", "of which", "text"], first))
        if first
        else None,
    )


def test(found: Profile) -> Html | None:
    from trimtab.loop.report import profile_pictures as draw

    drift, leak = found.get("drift"), found.get("leakage")
    if not drift or not leak:
        return None
    rows = [_difference(one) for one in drift["columns"][:SHOWN]]
    head = ["column", "compared", "test", "size", "p", "adjusted", "data", "test rows", ""]
    note = (
        "Size is the largest gap between the two distributions (Kolmogorov-Smirnov), or Cramer's V "
        "(chi-square). "
        f"P-values are adjusted over all {len(drift['columns'])} tests ({drift['correction']}, "
        f"{figures.share(drift['alpha'])}): {drift['says']}. The last two figures are medians, or the share "
        "of the value that changed most."
    )
    return section(
        "test",
        "Data and test",
        _leaks(leak),
        tag("h3", "Differences"),
        picture("drift", draw.drift(drift["columns"][:40])) if drift["columns"] else None,
        table("Differences between data and test", head, rows, numeric=(3, 4, 5, 6, 7)),
        tag("p", note, class_="quiet"),
        tag("p", f"Not in test: {', '.join(drift['absent'][:20])}.", class_="quiet")
        if drift["absent"]
        else None,
    )


def _difference(one: Profile) -> list[object]:
    return [
        breakable(one["column"]),
        one["what"],
        one["test"],
        f"{one['statistic']:.3f}",
        f"{one['p']:.2g}",
        f"{one['adjusted']:.2g}",
        value(one["was"]),
        value(one["now"]),
        tag("span", "differs", class_="chip bad") if one["drifted"] else "",
    ]


def _leaks(leak: Profile) -> Html:
    whole = "not comparable" if leak["rows"] is None else figures.count(leak["rows"])
    unlike = [f"{one['column']} ({one['data']} in the data, {one['test']} in test)" for one in leak["unlike"]]
    rows = [("whole rows but for the label", whole)]
    pairs: list[Sequence[object]] = []
    if "texts" in leak:
        rows += [
            ("texts, exactly", figures.count(leak["texts"]["exact"])),
            ("texts, nearly", figures.count(leak["texts"]["near"])),
        ]
        pairs = [
            (one["left"], one["left_text"], one["right"], one["right_text"], f"{one['likeness']:.2f}")
            for one in (*leak["texts"]["exact_pairs"], *leak["texts"]["near_pairs"])
        ]
    head = ["row", "text", "test row", "its twin", "likeness"]
    return text(
        table("Leakage: what stands in the data and in test", ["", "rows"], rows, numeric=(1,)),
        tag("p", f"Of two types, and so not comparable: {', '.join(unlike[:20])}.", class_="quiet")
        if unlike
        else None,
        folded(f"The first {len(pairs)} pairs", table("Pairs", head, pairs, numeric=(4,))) if pairs else None,
    )


def unreadable(found: Profile) -> Html | None:
    held = found["unreadable"]
    if not held["rows"]:
        return None
    counts = [(one["reason"], figures.count(one["rows"])) for one in held["reasons"]]
    first = [(one["row"], one["reason"]) for one in held["first"]]
    return section(
        "unreadable",
        "Unreadable rows",
        table("Kept aside, by reason", ["reason", "rows"], counts, numeric=(1,)),
        folded(f"The first {len(first)}", table("Unreadable rows", ["row", "reason"], first)),
    )
