"""Markup that is safe by construction: whatever is not `Html` already is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is markup already; only this module and constants of the report make it."""

    __slots__ = ()


VOID = frozenset({"meta", "input", "br", "link"})


def text(*parts: object) -> Html:
    """The parts one after another, escaped where they are not markup; None is left out.

    >>> text("a < b", Html("<br>"))
    'a &lt; b<br>'
    """
    return Html(
        "".join(part if isinstance(part, Html) else escape(str(part)) for part in parts if part is not None)
    )


def tag(kind: str, *children: object, **attributes: object) -> Html:
    """An element. Attributes lose a trailing `_` and turn other `_` into `-`; None and False are left out.

    >>> tag("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if kind in VOID:
        return Html(f"<{kind}{written}>")
    return Html(f"<{kind}{written}>{text(*children)}</{kind}>")


def each(parts: Iterable[object]) -> Html:
    """The parts of an iterable one after another."""
    return text(*parts)


def breakable(name: str) -> Html:
    """A long name that may break after its underscores."""
    return Html("_<wbr>".join(text(part) for part in name.split("_")))


def section(key: str, title: str, *children: object) -> Html:
    """A titled section that the page's list of contents can point to."""
    return tag("section", tag("h2", title), *children, id=key)


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    numeric: Iterable[int] = (),
    **more: object,
) -> Html:
    """A captioned table; `numeric` columns stand to the right. The first cell of a row names it."""
    right = frozenset(numeric)
    top = each(
        tag("th", name, scope="col", class_="n" if at in right else None) for at, name in enumerate(head)
    )
    body = each(
        tag(
            "tr",
            *(
                tag(
                    "td" if at else "th",
                    cell,
                    scope=None if at else "row",
                    class_="n" if at in right else None,
                )
                for at, cell in enumerate(row)
            ),
        )
        for row in rows
    )
    inner = tag(
        "table",
        tag("caption", caption, class_="quiet"),
        tag("thead", tag("tr", top)),
        tag("tbody", body),
        **more,
    )
    return tag("div", inner, class_="wide", role="region", aria_label=caption, tabindex=0)


def facts(rows: Iterable[tuple[object, object]]) -> Html:
    """A list of names with values."""
    return tag("dl", each(text(tag("dt", name), tag("dd", value)) for name, value in rows), class_="facts")


def folded(summary: object, *children: object, open_: bool = False) -> Html:
    """Children that show when the reader asks for them (and in print)."""
    return tag("details", tag("summary", summary), *children, open=open_)
