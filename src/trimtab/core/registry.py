"""A registry is a table of `"name": "dotted.path:Class"`: cheap to import, open to other packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from trimtab.core.errors import ConfigError, suggestion


class Registry(Mapping[str, str]):
    """The named parts of one room; a part is imported only when it is asked for.

    Outside packages join through the entry-point group `trimtab.<room>`.

    >>> Registry("part", "trimtab.parts", {"dict": "collections:OrderedDict"}).load("dict").__name__
    'OrderedDict'
    """

    def __init__(self, kind: str, group: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._own = dict(table)

    @cached_property
    def _table(self) -> dict[str, str]:
        table = dict(self._own)
        for point in entry_points(group=self.group):
            if point.name in table:
                raise ConfigError(
                    f"entry point {self.group}:{point.name}",
                    f"{self.kind} '{point.name}' exists already as {table[point.name]}",
                    f"rename the one from {point.value}",
                )
            table[point.name] = point.value
        return table

    def load(self, name: str, place: str = "") -> Any:
        """The class registered as `name`.

        Raises:
            ConfigError: nothing has that name; the message lists what exists.
        """
        if name not in self._table:
            where = place or f"{self.kind} '{name}'"
            raise ConfigError(where, f"no {self.kind} '{name}'", suggestion(name, self._table))
        module, _, attribute = self._table[name].partition(":")
        return getattr(import_module(module), attribute)

    def __getitem__(self, name: str) -> str:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
