"""Waits for what must come, however slow the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

HANGS = 300
"""Seconds after which something hangs. No test depends on how much less it takes."""

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = HANGS) -> T:
    """What `condition` says once it is true.

    Raises:
        AssertionError: it was not true within `seconds`.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        time.sleep(0.01)
    return found
