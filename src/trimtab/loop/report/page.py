"""The page around the sections: one HTML file that asks the network for nothing.

A content security policy names the page's own scripts by their hash and forbids every request, so that
neither a text in the data nor a mistake of ours can make the page load or run anything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from trimtab.loop.report.html import Html, each, tag, text

VENDOR = ("vega", "vega-lite", "vega-embed")


def picture(key: str, spec: Mapping[str, Any]) -> Html:
    """A figure with its specification beside it; the page's script draws it."""
    said = str(spec["description"])
    return tag(
        "figure",
        tag("div", id=f"{key}-picture", class_="picture", role="img", aria_label=said),
        tag("script", _json(spec), type="application/json", data_picture=f"{key}-picture"),
        tag("noscript", tag("p", said, " The tables hold the same figures.")),
    )


def page(title: str, opening: Html, contents: Sequence[tuple[str, str]], body: Html) -> str:
    """The whole file."""
    scripts = [*map(_vendor, VENDOR), _own("page.js")]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(_own("page.css"))),
    )
    links = each(tag("a", name, href=f"#{key}") for key, name in contents)
    main = tag(
        "body",
        opening,
        tag("nav", links, aria_label="Sections"),
        tag("main", body),
        tag("footer", "Made by trimtab. This file holds all it shows and asks the network for nothing."),
        each(tag("script", Html(script)) for script in scripts),
    )
    notice = Html(f"<!--\n{_own('vendor/LICENSE')}-->\n")
    return text(Html("<!doctype html>\n"), notice, tag("html", head, main, lang="en"), Html("\n"))


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:"


def _json(value: Any) -> Html:
    """JSON that may stand in a script element: no `<` can end it."""
    return Html(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


@cache
def _own(name: str) -> str:
    return files("trimtab.loop.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _vendor(name: str) -> str:
    """A library without the pointer to its source map, which a browser's tools would ask for."""
    return _own(f"vendor/{name}.min.js").split("\n//# sourceMappingURL=")[0]
