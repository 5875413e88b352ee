"""One step of a registry: its class, its parameters with their defaults, and how to build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from inspect import Parameter, Signature
from typing import Any, get_type_hints

import numpy as np

from trimtab.core.build_step import build_step
from trimtab.core.registry import Registry
from trimtab.core.spec import StepSpec
from trimtab.core.step import Step


@dataclass(frozen=True)
class Entry:
    """The step `name` of a registry; `place` is how errors call it."""

    registry: Registry
    name: str
    place: str

    @cached_property
    def kind(self) -> type[Step]:
        """The step's class."""
        kind: type[Step] = self.registry.load(self.name)
        return kind

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Every parameter with its default; None where the step makes one anew each time."""
        return {
            field.name: None if field.default is MISSING else field.default
            for field in fields(self.kind)
            if field.name not in self.kind.learned
        }

    @property
    def signature(self) -> Signature:
        """The parameters by keyword alone, as the estimator takes them."""
        hints = get_type_hints(self.kind, include_extras=True)
        taken = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[name])
            for name, default in self.defaults.items()
        ]
        return Signature([Parameter("self", Parameter.POSITIONAL_OR_KEYWORD), *taken])

    def build(self, values: Mapping[str, Any]) -> Step:
        """The step with these parameters, not yet learned.

        Raises:
            ConfigError: a parameter is wrong.
        """
        made = {field.name for field in fields(self.kind) if field.default is MISSING}
        given = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in values.items()
            if value is not None or name not in made
        }
        files = {name: given.pop(name) for name in self.kind.files if name in given}
        step = build_step(StepSpec(name=self.name, parameters=given), self.registry, self.place)
        return replace(step, **files) if files else step
