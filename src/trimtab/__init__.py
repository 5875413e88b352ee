"""trimtab: from raw data to a small, fast, watched model in production, under budgets.

from trimtab import load, run
result = run("trimtab.yaml")
load(result.bundle).predict(["I lost my card"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.loop.chain import run
    from trimtab.runtime.predict import load

__version__ = "0.1.0"
__all__ = ["__version__", "load", "run"]

_HOMES = {"load": "trimtab.runtime.predict", "run": "trimtab.loop.chain"}


def __getattr__(name: str) -> Any:
    """Import a front door only when it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'trimtab' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
