"""Reads the spec: every value with its place, every error at once.

Precedence: `--set a.b=c` over `TRIMTAB_A__B` over the file over defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from trimtab.core.errors import ConfigError, SpecErrors, nearest
from trimtab.core.spec import Spec

PREFIX = "TRIMTAB_"
RESERVED = frozenset({"TRIMTAB_TOKEN", "TRIMTAB_OFFLINE", "TRIMTAB_HOME", "TRIMTAB_CRASH_AT"})
"""Variables that are not values of the spec."""

Path_ = tuple[str | int, ...]


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
        """Where a value was written: `trimtab.yaml:7`, `--set`, a variable, or `default`."""
        for end in range(len(path), 0, -1):
            if found := self.origins.get(dotted(path[:end])):
                return found
        return str(self.file)


def read_spec(
    file: Path, overrides: Iterable[str] = (), environ: Mapping[str, str] | None = None
) -> ReadSpec:
    """The spec in `file` with `--set` and `TRIMTAB_*` values over it.

    Raises:
        SpecErrors: one line per mistake, each with place, value, what is allowed and what to do.
    """
    tree, origins = _read_yaml(file)
    for name, text in _from_environment(os.environ if environ is None else environ):
        _put(tree, origins, name.split("."), text, PREFIX + name.upper().replace(".", "__"))
    for override in overrides:
        name, sign, text = override.partition("=")
        if not sign:
            raise ConfigError(
                f"--set {override}", "there is no '='", "write --set section.key=value, as in budget.size=25MB"
            )
        _put(tree, origins, name.strip().split("."), text, f"--set {name.strip()}")
    try:
        spec = Spec.model_validate(tree)
    except ValidationError as failure:
        errors = [_explain(error, tree, origins, file) for error in failure.errors()]
        raise SpecErrors(errors) from failure
    return ReadSpec(spec, file, origins)


def dotted(path: Iterable[str | int]) -> str:
    """`("clean", 0, "impute")` as `clean.0.impute`."""
    return ".".join(str(part) for part in path)


def options(model: BaseModel, prefix: Path_ = ()) -> Iterable[tuple[Path_, Any]]:
    """Every option of a spec with its value, sections opened."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from options(value, (*prefix, name))
        else:
            yield (*prefix, name), value


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
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
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


def _mark(node: Any, path: Path_, origins: dict[str, str], file: Path) -> None:
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


def _put(tree: dict[str, Any], origins: dict[str, str], path: list[str], text: str, origin: str) -> None:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(origin, f"'{text}' is not valid YAML", "quote the value") from error
    here: Any = tree
    for part in path[:-1]:
        if not isinstance(here.get(part), dict):
            here[part] = {}
        here = here[part]
    here[path[-1]] = value
    for known in [name for name in origins if name.startswith(f"{dotted(path)}.")]:
        del origins[known]
    origins[dotted(path)] = origin


def _explain(error: Any, tree: Any, origins: Mapping[str, str], file: Path) -> ConfigError:
    loc = tuple(part for part in error["loc"] if not _is_branch(part, tree, error["loc"]))
    name = dotted(loc)
    place = next(
        (origins[dotted(loc[:end])] for end in range(len(loc), 0, -1) if dotted(loc[:end]) in origins),
        f"{file}:1",
    )
    if error["type"] == "missing":
        return ConfigError(place, f"'{name}' is missing", f"add it: {_describe(loc)}")
    if error["type"] == "extra_forbidden":
        known = _known(loc[:-1])
        close = nearest(str(loc[-1]), known)
        hint = f"did you mean '{close}'? " if close else "remove it; "
        return ConfigError(place, f"unknown option '{name}'", f"{hint}allowed: {', '.join(known)}")
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    value = error["input"]
    close = nearest(str(value), error.get("ctx", {}).get("expected", "").replace("'", "").split(" or "))
    hint = f"did you mean '{close}'? " if close else f"change it: {_describe(loc)}"
    allowed = message if message.startswith(("allowed", "the unit")) else f"allowed: {message}"
    return ConfigError(place, f"{name} is {value!r}; {allowed}", hint.strip())


def _is_branch(part: str | int, tree: Any, loc: Path_) -> bool:
    """True for the parts of a location that pydantic adds for branches of a union."""
    return isinstance(part, str) and (part.startswith(("list[", "literal[", "function-")))


def _model_at(loc: Path_) -> type[BaseModel] | None:
    model: Any = Spec
    for part in loc:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return None
        model = fields[part].annotation
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _known(loc: Path_) -> list[str]:
    model = _model_at(loc)
    return sorted(model.model_fields) if model else []


def _describe(loc: Path_) -> str:
    model = _model_at(loc[:-1])
    field = model.model_fields.get(str(loc[-1])) if model else None
    return (field.description if field else None) or "see `trimtab schema`"
