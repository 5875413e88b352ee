"""The page of `trimtab profile`: what is wrong first, then columns, texts, labels, copies, and test beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, breakable, each, folded, section, table, tag, text
from trimtab.loop.report.page import page, picture

Profile = Mapping[str, Any]
SHOWN = 200
"""Most columns and classes that stand in a table; the JSON has them all."""
DRAWN = 24
"""Most columns with a picture of their own."""


def render(found: Profile) -> str:
    """The profile as one HTML file; every text of the user stands escaped in it."""
    sections = {
        ("columns", "Columns"): _columns(found),
        ("texts", "Texts"): _texts(found),
        ("labels", "Labels"): _labels(found),
        ("copies", "Copies"): _copies(found),
        ("test", "Test"): _test(found),
        ("unreadable", "Unreadable"): _unreadable(found),
    }
    there = {key: body for key, body in sections.items() if body is not None}
    return page(f"{found['name']}: profile", _opening(found), list(there), each(there.values()))


def _opening(found: Profile) -> Html:
    rows, columns = found["rows"]["data"], found["columns"]
    said = [
        tag(
            "li",
            tag("b", f"{one['said'][0].upper()}{one['said'][1:]}."),
            " ",
            tag("span", one["remedy"], class_="quiet"),
        )
        for one in found["findings"]
    ]
    guessed = [name for name, hint in found["guessed"].items() if hint]
    note = " and ".join(f"{name} is taken to be column '{found[name]}'" for name in guessed)
    return tag(
        "header",
        tag("p", f"{found['name']} · {found['modality']}", class_="quiet"),
        tag(
            "h1", tag("b", figures.rows(rows)), f", {len(columns):,} column{'' if len(columns) == 1 else 's'}"
        ),
        tag("ul", each(said), class_="findings") if said else tag("p", "Nothing stands out.", class_="lead"),
        tag("p", f"{note[0].upper()}{note[1:]}; --text and --label say otherwise.", class_="quiet")
        if note
        else None,
        _key_figures(found),
    )


def _key_figures(found: Profile) -> Html:
    total = max(found["rows"]["data"], 1)
    cells = total * max(len(found["columns"]), 1)
    holes = sum(one["missing"] for one in found["columns"])
    copies = found["duplicates"].get("text", {}).get("rows", found["duplicates"]["rows"])
    labels = found["labels"]
    facts = [
        ("missing cells", figures.share(holes / cells), figures.count(holes)),
        ("repeated rows", figures.share(copies / total), figures.count(copies)),
        ("classes", figures.count(labels["classes"]) if labels else figures.ABSENT, None),
        (
            "evenness of classes",
            figures.number(labels["evenness"]) if labels else figures.ABSENT,
            "1 is even",
        ),
        ("test rows", figures.count(found["rows"].get("test")), None),
    ]
    return tag(
        "dl",
        each(
            tag("div", tag("dt", name), tag("dd", value, tag("small", more) if more else None))
            for name, value, more in facts
        ),
        class_="key",
    )


def _columns(found: Profile) -> Html:
    from trimtab.loop.report import profile_pictures as draw

    columns, rows = found["columns"], found["rows"]["data"]
    holes = [one for one in columns if one["missing"] or one["empty"]]
    shapes = [one for one in columns if one["name"] != found["label"] and _shape(one)][:DRAWN]
    head = [
        "column",
        "holds",
        "missing",
        "empty",
        "distinct",
        "median",
        "range",
        "outliers: fences",
        "3 deviations",
    ]
    return section(
        "columns",
        "Columns",
        picture("missing", draw.missing(holes[:SHOWN], rows)) if holes else None,
        table(
            "Outliers are values outside Tukey's fences (1.5 interquartile ranges), and beyond 3 standard deviations",
            head,
            [_column(one, rows) for one in columns[:SHOWN]],
            numeric=range(2, 9),
        ),
        tag("p", f"The first {SHOWN} of {len(columns):,} columns; --json gives all.", class_="quiet")
        if len(columns) > SHOWN
        else None,
        tag("h3", "How values are spread") if shapes else None,
        tag("div", each(_drawn(at, one) for at, one in enumerate(shapes)), class_="pair") if shapes else None,
    )


def _column(one: Profile, rows: int) -> list[object]:
    seen = one.get("numbers") or one.get("lengths") or {}
    unit = " characters" if one.get("lengths") and one["role"] in ("text", "identifier") else ""
    outliers = (one.get("numbers") or {}).get("outliers", {})
    dates = one.get("dates")
    span = f"{dates['first']} to {dates['last']}" if dates else _range(seen, unit)
    return [
        breakable(one["name"]),
        text(one["role"], tag("small", one["type"].partition("(")[0])),
        text(figures.count(one["missing"]), tag("small", figures.share(one["missing"] / max(rows, 1))))
        if one["missing"]
        else figures.ABSENT,
        figures.count(one["empty"]) if one["empty"] else figures.ABSENT,
        figures.count(one["distinct"]),
        _figure(seen.get("p50")),
        span,
        _counted(outliers.get("iqr")),
        _counted(outliers.get("z")),
    ]


def _range(seen: Profile, unit: str) -> str:
    if seen.get("min") is None or seen.get("max") is None:
        return figures.ABSENT
    return figures.minus(f"{_figure(seen['min'])} to {_figure(seen['max'])}{unit}")


def _figure(value: float | None) -> str:
    """A value of the data: four figures, and all digits of the whole part."""
    if value is None:
        return figures.ABSENT
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e12 else f"{value:.4g}"


def _counted(number: int | None) -> str:
    return figures.count(number) if number else figures.ABSENT


def _shape(one: Profile) -> bool:
    return one["role"] != "text" and bool(
        one.get("top") or (one.get("numbers") or one.get("lengths") or {}).get("histogram")
    )


def _drawn(at: int, one: Profile) -> Html:
    from trimtab.loop.report import profile_pictures as draw

    counted = one["role"] in ("category", "boolean") or not (one.get("numbers") or one.get("lengths"))
    spec = (
        draw.values(one["name"], one["top"])
        if counted
        else draw.histogram(one["name"], one.get("numbers") or one["lengths"], _what(one))
    )
    return picture(f"column-{at}", spec)


def _what(one: Profile) -> str:
    return {"number": one["name"], "picture": f"{one['name']}, bytes"}.get(
        one["role"], f"length of {one['name']}"
    )


def _texts(found: Profile) -> Html | None:
    from trimtab.loop.report import profile_pictures as draw

    lengths = found["lengths"]
    if not lengths or not lengths["characters"]:
        return None
    names = ["min", "p1", "p25", "p50", "p75", "p99", "max"]
    rows = [
        (unit, *(figures.number(lengths[unit].get(name)) for name in names))
        for unit in ("characters", "words")
    ]
    drawn = [
        picture(f"lengths-{unit}", draw.histogram(unit, lengths[unit], f"{unit} a text"))
        for unit in ("characters", "words")
        if lengths[unit].get("histogram")
    ]
    return section(
        "texts",
        "Texts",
        tag("div", each(drawn), class_="pair") if drawn else None,
        table("Length of the texts", ["", *names], rows, numeric=range(1, 8)),
    )


def _labels(found: Profile) -> Html | None:
    from trimtab.loop.report import profile_pictures as draw

    labels, doubt = found["labels"], found["suspicious"]
    if not labels or not labels["counts"]:
        return None
    counts = labels["counts"]
    rows = [(breakable(one["label"]), figures.count(one["rows"])) for one in counts]
    return section(
        "labels",
        "Labels",
        picture("labels", draw.labels(counts)),
        folded(
            f"{'All' if len(counts) == labels['classes'] else 'The largest'} {len(counts)} classes",
            table("Rows by class", ["class", "rows"], rows, numeric=(1,)),
        ),
        _doubtful(doubt) if doubt else None,
    )


def _doubtful(doubt: Profile) -> Html:
    note = {
        "twins under another label": "Rows with a near copy under another label. It is a narrow look: a wrong label without a twin is not found, and "
        "which of the two is wrong only a person can tell.",
    }.get(doubt["method"], "Rows whose label the rest of the data contradicts, the most doubtful first.")
    rows = [(one["row"], breakable(one["label"]), one["why"], one["text"]) for one in doubt["first"]]
    return text(
        tag("h3", f"Doubtful labels: {figures.rows(doubt['rows'])} of {doubt['of']:,}"),
        tag("p", note, class_="quiet"),
        folded(f"The first {len(rows)}", table("Doubtful labels", ["row", "label", "why", "text"], rows))
        if rows
        else None,
    )


def _copies(found: Profile) -> Html:
    copies = found["duplicates"]
    rows: list[Sequence[object]] = [
        ("whole rows", figures.count(copies["rows"]), figures.count(found["rows"]["data"]))
    ]
    for key, name in (
        ("text", "the text, exactly"),
        ("near", "the text, nearly (Jaccard 0.9 or more), exact ones too"),
    ):
        if key in copies:
            rows.append((name, figures.count(copies[key]["rows"]), figures.count(copies[key]["of"])))
    if "conflicting" in copies:
        rows.append(
            (
                "all but the label, which differs",
                figures.count(copies["conflicting"]),
                figures.count(found["rows"]["data"]),
            )
        )
    first = [(one["row"], one["reason"], one["text"]) for one in copies.get("near", {}).get("first", [])]
    return section(
        "copies",
        "Copies",
        table("Rows that repeat an earlier one", ["in", "rows", "looked at"], rows, numeric=(1, 2)),
        folded(f"The first {len(first)}", table("Copies", ["row", "of which", "text"], first))
        if first
        else None,
    )


def _test(found: Profile) -> Html | None:
    from trimtab.loop.report import profile_pictures as draw

    drift, leak = found.get("drift"), found.get("leakage")
    if not drift or not leak:
        return None
    rows = [
        (breakable(one["column"]), one["what"], one["test"], f"{one['statistic']:.3f}", f"{one['p']:.2g}", f"{one['adjusted']:.2g}",
         _figure(one["was"]), _figure(one["now"]), tag("span", "differs", class_="chip bad") if one["drifted"] else "")
        for one in drift["columns"][:SHOWN]
    ]  # fmt: skip
    head = ["column", "compared", "test", "size", "p", "adjusted", "data", "test rows", ""]
    note = (
        f"Size is the largest gap between the two distributions (Kolmogorov-Smirnov) or Cramer's V (chi-square). P-values are adjusted over all "
        f"{len(drift['columns'])} tests ({drift['correction']}, {figures.share(drift['alpha'])}): {drift['says']}. The last two figures are medians, or the share "
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


def _leaks(leak: Profile) -> Html:
    rows = [("whole rows but for the label", figures.count(leak["rows"]))]
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
        folded(f"The first {len(pairs)} pairs", table("Pairs", head, pairs, numeric=(4,))) if pairs else None,
    )


def _unreadable(found: Profile) -> Html | None:
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
