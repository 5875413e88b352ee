"""From a step's name and parameters in the spec to the step itself, every mistake at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from trimtab.core.columns import marked
from trimtab.core.errors import ConfigError, SpecErrors, nearest
from trimtab.core.registry import Registry
from trimtab.core.spec import StepSpec
from trimtab.core.step import Step


def parameters(kind: type[Step]) -> dict[str, Any]:
    """The parameters of a step that a spec may set, by name, with their annotated types."""
    hints = get_type_hints(kind, include_extras=True)
    closed = {*kind.learned, *kind.files}
    return {field.name: hints[field.name] for field in fields(kind) if field.name not in closed}


def build_step(wanted: StepSpec, registry: Registry, place: str, **context: Any) -> Step:
    """The step that `wanted` names, not yet learned.

    `context` (column names, seed) fills parameters of the same name that the spec leaves out.

    Raises:
        ConfigError: the name, or the one wrong parameter, with the nearest spelling.
        SpecErrors: several wrong parameters, one line each.
    """
    kind: type[Step] = registry.load(wanted.name, place)
    known = parameters(kind)
    values: dict[str, Any] = {name: value for name, value in context.items() if name in known}
    errors: list[ConfigError] = []
    for name, value in wanted.parameters.items():
        if name not in known:
            errors.append(unknown_parameter(wanted.name, name, known, place))
            continue
        try:
            values[name] = TypeAdapter(known[name]).validate_python(value)
        except ValidationError as failure:
            errors.append(_refused(wanted.name, name, value, known[name], failure, place))
    if errors:
        raise errors[0] if len(errors) == 1 else SpecErrors(errors)
    try:
        return kind(**values)
    except ConfigError as error:  # of parameters that do not go together
        raise ConfigError(place, f"step '{wanted.name}': {error.problem}", error.remedy) from error


def unknown_parameter(step: str, name: str, known: Iterable[str], place: str) -> ConfigError:
    """The error of a parameter that a step has not, with those that it has."""
    close = nearest(name, known)
    hint = f"did you mean '{close}'? " if close else "remove it; "
    return ConfigError(
        place, f"step '{step}' has no parameter '{name}'", f"{hint}allowed: {', '.join(sorted(known))}"
    )


def _refused(
    step: str, name: str, value: Any, hint: Any, failure: ValidationError, place: str
) -> ConfigError:
    first = failure.errors()[0]
    message = first["msg"].removeprefix("Input should be ")
    if first["type"] == "tuple_type":
        message = "a list of column names" if marked(hint) else "a list"
        problem = f"{step}.{name} is {value!r}; allowed: {message}"
        return ConfigError(place, problem, f"write {name}: [{value}]")
    choices = [str(choice) for choice in get_args(hint)] if get_origin(hint) is Literal else []
    close = nearest(str(value), choices)
    remedy = f"did you mean '{close}'?" if close else "change the value"
    return ConfigError(place, f"{step}.{name} is {value!r}; allowed: {message}", remedy)
