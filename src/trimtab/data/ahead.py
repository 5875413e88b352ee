"""Works on the next blocks while the last one is used: order is kept, and few blocks are held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

WORKERS = 2
"""Polars and NumPy use all cores themselves; this fills the gaps between their calls."""


def ahead(work: Callable[[Item], Made], items: Iterable[Item], workers: int = WORKERS) -> Iterator[Made]:
    """`work(item)` of each item, in order, up to `workers` of them at once.

    >>> list(ahead(abs, [-3, 2, -1]))
    [3, 2, 1]
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
