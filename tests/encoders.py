"""A real sentence encoder that answers in milliseconds: two layers of random weights."""

from __future__ import annotations

from functools import cache

from folders import kept_folder
from parts.projects import small_encoder
from trimtab.features.embed import Embed


@cache
def small_embed() -> Embed:
    """One for all tests of a run."""
    return Embed(encoder=str(small_encoder(kept_folder("encoder"))))
