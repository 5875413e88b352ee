"""Features turn columns into numbers."""

from trimtab.core.registry import Registry

FEATURES = Registry("feature step", "trimtab.features", {"tokens": "trimtab.features.tokens:Tokens"})

__all__ = ["FEATURES"]
