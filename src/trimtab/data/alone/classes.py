"""Makes the class of each step of a registry, when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trimtab.core.errors import suggestion
from trimtab.core.registry import Registry
from trimtab.core.step import Step
from trimtab.data.alone.entry import Entry

Bases = Callable[[type[Step]], type]
"""The estimator that a step becomes."""


class Classes:
    """The estimators of the steps of a registry, by the name of the step's class; `module` is where they are.

    A module that asks for them in its `__getattr__` holds each class once, so that pickle finds it there.
    """

    def __init__(self, registry: Registry, module: str, base_of: Bases) -> None:
        self.names = {path.partition(":")[2]: name for name, path in registry.items()}
        self._registry = registry
        self._module = module
        self._base_of = base_of

    def make(self, wanted: str) -> type:
        """The class called `wanted`.

        Raises:
            AttributeError: no step is called so; the message lists those that are.
        """
        if wanted not in self.names:
            raise AttributeError(
                f"module '{self._module}' has no step '{wanted}'; {suggestion(wanted, self.names)}"
            )
        entry = Entry(self._registry, self.names[wanted], f"{self._module}.{wanted}")
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
        bound = signature.bind(self, **values)
        bound.apply_defaults()
        for name in entry.defaults:
            setattr(self, name, bound.arguments[name])

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__doc__ = "Every parameter of the step, by keyword; `fit` looks whether they are right."
    return __init__
