"""Reads the spec: every value with its place, every error at once.

Precedence: `--set a.b=c` over `TRIMTAB_A__B` over the file over defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import BaseModel, ValidationError

from trimtab.core.errors import ConfigError, SpecErrors
from trimtab.core.spec import Spec
from trimtab.core.spec_errors import Where, dotted, explain

__all__ = ["ReadSpec", "dotted", "from_yaml", "options", "read_partly", "read_spec"]

PREFIX = "TRIMTAB_"
RESERVED = frozenset({"TRIMTAB_TOKEN", "TRIMTAB_OFFLINE"})
"""Variables that are not values of the spec."""
_STANDINS = {"version": 1, "task": "text-classification", "budget": {}}
"""Stand for required values that are wrong, so that the rest can still be checked."""


class _Loader(yaml.SafeLoader):
    """YAML whose dates are text: no option is a date, and 2024-13-45 is none."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class ReadSpec:
    """A valid spec, the folder its relative paths start from, and where each value came from."""

    spec: Spec
    file: Path
    origins: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the spec start from."""
        return self.file.parent

    def place(self, *path: str | int) -> str:
        """Where a value was written: `trimtab.yaml:7`, `--set a.b`, a variable, or `default`."""
        return self.origins.get(dotted(path), "default")


def read_spec(
    file: Path, overrides: Iterable[str] = (), environ: Mapping[str, str] | None = None
) -> ReadSpec:
    """The spec in `file` with `--set` and `TRIMTAB_*` values over it.

    Raises:
        SpecErrors: one line per mistake, each with place, value, what is allowed and what to do.
    """
    read, errors = read_partly(file, overrides, environ)
    if errors or read is None:
        raise SpecErrors(errors)
    return read


def read_partly(
    file: Path, overrides: Iterable[str] = (), environ: Mapping[str, str] | None = None
) -> tuple[ReadSpec | None, list[ConfigError]]:
    """What is right in `file`, and all that is wrong: wrong values are left out (a list as a whole).

    The spec is None when too little is left to check any further.
    """
    tree, origins = _read_yaml(file)
    for name, text in _from_environment(os.environ if environ is None else environ):
        _put(tree, origins, name.split("."), text, PREFIX + name.upper().replace(".", "__"))
    for override in overrides:
        name, value = _split(override)
        _put(tree, origins, name.split("."), value, f"--set {name}")
    try:
        return ReadSpec(Spec.model_validate(tree), file, origins), []
    except ValidationError as failure:
        errors = explain(failure, origins, file)
        for error in failure.errors():
            _leave_out(tree, error["loc"])
    try:
        return ReadSpec(Spec.model_validate(_STANDINS | tree), file, origins), errors
    except ValidationError:
        return None, errors


def options(model: BaseModel, prefix: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every option of a spec with its value as JSON (amounts with their unit), sections opened."""
    plain = model.model_dump(mode="json")
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from options(value, (*prefix, name))
        else:
            yield (*prefix, name), plain[name]


def from_yaml(text: str) -> Any:
    """What YAML makes of a text; what looks like a date stays text, as the calendar may not have it."""
    return yaml.load(text, Loader=_Loader)


def _read_yaml(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            str(file), "no such file", "write one with `trimtab init`, or name it with --file"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), f"cannot be read as UTF-8 text ({error})", "check the file") from error
    try:
        root = yaml.compose(text, Loader=_Loader)
        tree = from_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"{file}{line}", f"not valid YAML ({problem})", "mend the line") from error
    if not isinstance(tree, dict):
        found = "empty" if tree is None else f"a {type(tree).__name__}"
        raise ConfigError(
            f"{file}:1", f"the file is {found}", "begin with `version: 1`, as `trimtab init` does"
        )
    origins: dict[str, str] = {}
    _mark(root, (), origins, file)
    return tree, origins


def _mark(node: Any, path: Where, origins: dict[str, str], file: Path) -> None:
    """Note the line of every key and item; a key given twice is an error, not the last one's win."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = f"{file}:{key.start_mark.line + 1}"
            if key.value in seen:
                raise ConfigError(here, f"'{key.value}' is given twice", "keep one of them")
            seen.add(key.value)
            origins[dotted((*path, key.value))] = here
            _mark(value, (*path, key.value), origins, file)
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            origins[dotted((*path, at))] = f"{file}:{item.start_mark.line + 1}"
            _mark(item, (*path, at), origins, file)


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    names = sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED)
    return [(name[len(PREFIX) :].lower().replace("__", "."), environ[name]) for name in names]


def _leave_out(tree: dict[str, Any], where: Where) -> None:
    here: Any = tree
    for part in where:
        if not isinstance(here.get(part), dict):
            here.pop(part, None)
            return
        if part == where[-1]:
            del here[part]
            return
        here = here[part]


def _split(override: str) -> tuple[str, str]:
    name, sign, text = override.partition("=")
    if not sign or not name.strip():
        remedy = "write --set section.key=value, as in --set budget.size=25MB"
        raise ConfigError(f"--set {override}", "is not of the form key=value", remedy)
    return name.strip(), text


def _put(tree: dict[str, Any], origins: dict[str, str], path: list[str], text: str, origin: str) -> None:
    """Set a value in the tree; what the file said below it no longer counts."""
    try:
        value = from_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(origin, f"'{text}' is not valid YAML", "quote the value") from error
    here: Any = tree
    for part in path[:-1]:
        at = _key(here, part, origin)
        if isinstance(here, dict) and not isinstance(here.get(at), dict | list):
            here[at] = {}
        here = here[at]
    here[_key(here, path[-1], origin)] = value
    for known in [name for name in origins if name.startswith(f"{dotted(path)}.")]:
        del origins[known]
    origins |= {dotted(way): origin for way in _ways(value, tuple(path))}


def _key(here: Any, part: str, origin: str) -> Any:
    """The key itself, or the position in a list."""
    if isinstance(here, dict):
        return part
    if isinstance(here, list) and part.isdecimal() and int(part) < len(here):
        return int(part)
    size = f"a list of {len(here)}" if isinstance(here, list) else "a single value"
    raise ConfigError(origin, f"there is no '{part}' in {size}", "count from 0, or set the whole value")


def _ways(value: Any, way: Where) -> Iterator[Where]:
    """The way to a value and to everything inside it."""
    yield way
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from _ways(item, (*way, key))
