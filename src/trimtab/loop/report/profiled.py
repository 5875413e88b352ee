"""The page of `trimtab profile`: what is wrong first, then columns, texts, labels, copies and test."""

from __future__ import annotations

from trimtab.loop.report import figures
from trimtab.loop.report.html import Html, breakable, each, section, table, tag, text
from trimtab.loop.report.page import page, picture
from trimtab.loop.report.profiled_rows import SHOWN, Profile, copies, labels, test, unreadable, value

DRAWN = 24
"""Most columns with a picture of their own."""


def render(found: Profile) -> str:
    """The profile as one HTML file; every text of the user stands escaped in it."""
    sections = {
        ("columns", "Columns"): _columns(found),
        ("texts", "Texts"): _texts(found),
        ("labels", "Labels"): labels(found),
        ("copies", "Copies"): copies(found),
        ("test", "Test"): test(found),
        ("unreadable", "Unreadable"): unreadable(found),
    }
    there = {key: body for key, body in sections.items() if body is not None}
    return page(f"{found['name']}: profile", _opening(found), list(there), each(there.values()))


def _opening(found: Profile) -> Html:
    rows, columns = found["rows"]["data"], found["columns"]
    said = [
        tag(
            "li",
            tag("b", figures.unbroken(f"{one['said'][0].upper()}{one['said'][1:]}.")),
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
        tag(
            "p",
            f"{note[0].upper()}{note[1:]}; ",
            tag("code", "--text"),
            " and ",
            tag("code", "--label"),
            " say otherwise.",
            class_="quiet",
        )
        if note
        else None,
        _key_figures(found),
    )


def _key_figures(found: Profile) -> Html:
    total = max(found["rows"]["data"], 1)
    cells = total * max(len(found["columns"]), 1)
    holes = sum(one["missing"] for one in found["columns"])
    repeated = found["duplicates"].get("text", {}).get("rows", found["duplicates"]["rows"])
    held = found["labels"]
    facts = [
        ("missing cells", figures.share(holes / cells), figures.count(holes)),
        ("repeated rows", figures.share(repeated / total), figures.count(repeated)),
        ("classes", figures.count(held["classes"]) if held else figures.ABSENT, None),
        (
            "evenness of classes",
            figures.number(held["evenness"]) if held else figures.ABSENT,
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
            "Outliers: outside Tukey's fences (1.5 interquartile ranges), beyond 3 standard deviations",
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
        value(seen.get("p50")),
        span,
        _counted(outliers.get("iqr")),
        _counted(outliers.get("z")),
    ]


def _range(seen: Profile, unit: str) -> str:
    if seen.get("min") is None or seen.get("max") is None:
        return figures.ABSENT
    return figures.minus(f"{value(seen['min'])} to {value(seen['max'])}{unit}")


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
