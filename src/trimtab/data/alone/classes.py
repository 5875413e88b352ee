"""Makes the class of each step of a registry, when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from trimtab.core.build_step import unknown_parameter
from trimtab.core.errors import suggestion
from trimtab.core.registry import Registry
from trimtab.core.step import Step
from trimtab.data.alone.entry import Entry

Bases = Callable[[type[Step]], type]
"""The estimator that a step becomes."""


class Classes:
    """The estimators of the steps of a registry, by the name of the step's class; `module` is where they are.

    That module asks for them by `get`, its `__getattr__`, and holds each class once: pickle finds it there.
    """

    def __init__(self, registry: Registry, module: str, base_of: Bases) -> None:
        self._entries = {path.partition(":")[2]: name for name, path in registry.items()}
        self._registry = registry
        self._module = module
        self._base_of = base_of

    @property
    def names(self) -> list[str]:
        """The names of all classes, in the order of the alphabet."""
        return sorted(self._entries)

    def get(self, wanted: str) -> type:
        """The class called `wanted`, which the module holds from now on.

        Raises:
            AttributeError: no step is called so; the message lists those that are.
        """
        if wanted.startswith("_"):
            raise AttributeError(f"module '{self._module}' has no attribute '{wanted}'")
        if wanted not in self._entries:
            raise AttributeError(
                f"module '{self._module}' has no step '{wanted}'; {suggestion(wanted, self._entries)}"
            )
        made = self._make(wanted)
        setattr(sys.modules[self._module], wanted, made)
        return made

    def _make(self, wanted: str) -> type:
        entry = Entry(self._registry, self._entries[wanted], f"{self._module}.{wanted}")
        base = self._base_of(entry.kind)
        body = {
            "__module__": self._module,
            "__doc__": f"{entry.kind.__doc__}\n\n    The step `{entry.name}` by itself. {base.__doc__}",
            "__init__": _init(entry),
            "entry": entry,
        }
        return type(wanted, (base,), body)


def _init(entry: Entry) -> Callable[..., None]:
    signature = entry.signature

    def __init__(self: Any, **values: Any) -> None:
        for name in values:
            if name not in entry.defaults:
                raise unknown_parameter(entry.name, name, entry.defaults, entry.place)
        bound = signature.bind(self, **values)
        bound.apply_defaults()
        for name in entry.defaults:
            setattr(self, name, bound.arguments[name])

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__doc__ = "Every parameter of the step, by keyword; `fit` looks whether they are right."
    return __init__
