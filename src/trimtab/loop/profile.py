"""`trimtab profile`: looks at rows of any kind and writes what it found as one page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trimtab.core.errors import ConfigError, suggestion
from trimtab.core.spec import FormatSpec
from trimtab.core.spec_file import from_yaml
from trimtab.data.profile import profile as look
from trimtab.data.read import read_rows


def profile(
    data: str,
    test: str | None = None,
    text: str | None = None,
    label: str | None = None,
    form: FormatSpec | None = None,
) -> dict[str, Any]:
    """The profile of what `data` names, compared with `test` where that is given; see `data.profile`."""
    form = form or FormatSpec()
    rows = read_rows(data, form, place=f"profile {data}")
    other = read_rows(test, form, place=f"profile --test {test}") if test else None
    return {"name": str(data)} | look(rows, other, text, label)


def write_page(found: Mapping[str, Any], out: Path | None = None) -> Path:
    """Write the page; by default to build/profile/NAME.html."""
    from trimtab.loop.report.profiled import render

    name = Path(str(found["name"]).rstrip("/").replace("*", "all")).stem or "data"
    path = out or Path("build") / "profile" / f"{name}.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(found), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {path}", error.strerror or str(error), "name another file") from error
    return path


def form_of(overrides: Sequence[str]) -> FormatSpec:
    """How the files are written, from `--set data.separator=;` and its like.

    Raises:
        ConfigError: an override that is none of a file's format.
    """
    values: dict[str, Any] = {}
    for override in overrides:
        name, sign, text = override.partition("=")
        option = name.strip().removeprefix("data.")
        if not sign or option not in FormatSpec.model_fields:
            known = [f"data.{field}" for field in FormatSpec.model_fields]
            raise ConfigError(f"--set {override}", "a profile has no such option", suggestion(name, known))
        values[option] = _value(text)
    try:
        return FormatSpec.model_validate(values)
    except ValidationError as failure:
        first = failure.errors()[0]
        place = f"--set data.{'.'.join(map(str, first['loc']))}"
        problem = f"{json.dumps(first['input'], ensure_ascii=False, default=str)} does not fit"
        raise ConfigError(place, problem, first["msg"].removeprefix("Value error, ")) from failure


def _value(text: str) -> Any:
    """What YAML makes of it; a bare comma, which is none, stands for itself, and nothing is an empty text."""
    try:
        value = from_yaml(text)
    except yaml.YAMLError:
        return text
    return "" if value is None else value
