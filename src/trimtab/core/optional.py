"""Packages that only some steps need: imported when used, and an error with the pip line when absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from trimtab.core.errors import EnvironmentFault


def optional(module: str, extra: str, place: str) -> Any:
    """The module, imported now; `place` names what needs it (`step word2vec`).

    Raises:
        EnvironmentFault: it is not installed; the message names the extra that brings it.

    >>> optional("json", "data", "step none").loads("1")
    1
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # it is there, but lacks something itself
        raise EnvironmentFault(
            place, f"needs {error.name}, which is not installed", f"pip install 'trimtab[{extra}]'"
        ) from error
