"""Turns what pydantic says of a spec into one line per mistake: place, value, what is allowed, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from trimtab.core.errors import ConfigError, nearest
from trimtab.core.spec import Spec

Where = tuple[str | int, ...]
"""The way to a value: `("clean", 0, "impute")`."""

_BRANCH = ("tuple[", "literal[", "function-")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
}


def explain(failure: ValidationError, origins: Mapping[str, str], file: Path) -> list[ConfigError]:
    """One error for each mistake, in the order of the models; a union's branches count as one mistake."""
    return [_mistake(where, errors, origins, file) for where, errors in _by_place(failure)]


def dotted(path: Sequence[str | int]) -> str:
    """`("clean", 0, "impute")` as `clean.0.impute`."""
    return ".".join(str(part) for part in path)


def place_of(path: Sequence[str | int], origins: Mapping[str, str]) -> str | None:
    """Where a value, or else the section around it, was written."""
    ways = (dotted(path[:end]) for end in range(len(path), 0, -1))
    return next((origins[way] for way in ways if way in origins), None)


def _by_place(failure: ValidationError) -> Iterator[tuple[Where, list[Any]]]:
    """The errors of each location. Where one branch of a union got further, the others say nothing new."""
    found: dict[Where, list[Any]] = {}
    for error in failure.errors():
        found.setdefault(_without_branches(error["loc"]), []).append(error)
    for where, errors in found.items():
        in_union = len(_without_branches(errors[0]["loc"])) < len(errors[0]["loc"])
        deeper = any(other[: len(where)] == where and other != where for other in found)
        if not (in_union and deeper):
            yield where, errors


def _without_branches(loc: Where) -> Where:
    return tuple(part for part in loc if not (isinstance(part, str) and part.startswith(_BRANCH)))


def _mistake(where: Where, errors: Sequence[Any], origins: Mapping[str, str], file: Path) -> ConfigError:
    place, name = place_of(where, origins) or f"{file}:1", dotted(where)
    kind, value = errors[0]["type"], errors[0]["input"]
    if kind == "missing":
        return ConfigError(place, f"'{name}' is missing", f"add it: {_description(where)}")
    if kind == "extra_forbidden":
        return _unknown(place, where)
    allowed = " or ".join(_allowed(error, where) for error in errors)
    close = nearest(str(value), re.findall("'([^']*)'", allowed))
    hint = f"did you mean '{close}'? " if close else ""
    flaw = ", the unit is missing" if any("the unit" in error["msg"] for error in errors) else ""
    problem = f"{name} is {_shown(value)}{flaw}"
    return ConfigError(place, problem, f"{hint}allowed: {allowed} ({_description(where)})")


def _unknown(place: str, where: Where) -> ConfigError:
    known = _options_at(where[:-1])
    close = nearest(str(where[-1]), known)
    hint = f"did you mean '{close}'? " if close else "remove it; "
    return ConfigError(place, f"unknown option '{dotted(where)}'", f"{hint}allowed: {', '.join(known)}")


def _allowed(error: Any, where: Where) -> str:
    kind, message = str(error["type"]), str(error["msg"])
    if kind == "literal_error":
        return str(error["ctx"]["expected"])
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"a section with {', '.join(_options_at(where))}"
    if kind == "too_short":
        return f"a list of at least {error['ctx']['min_length']}"
    if kind == "value_error":
        return message.rpartition("allowed: ")[2]
    return _KINDS.get(kind.split("_", maxsplit=1)[0], message.removeprefix("Input should be "))


def _shown(value: Any) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _model_at(where: Where) -> type[BaseModel] | None:
    model: Any = Spec
    for part in where:
        model = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _options_at(where: Where) -> list[str]:
    model = _model_at(where)
    return list(model.model_fields) if model else []


def _description(where: Where) -> str:
    """What the models say of an option; of the option around it for an item of a list."""
    for end in range(len(where), 0, -1):
        model = _model_at(where[: end - 1])
        if model and (field := model.model_fields.get(str(where[end - 1]))) and field.description:
            return field.description
    return "`trimtab schema` lists all options"
