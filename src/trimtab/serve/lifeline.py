"""A child process that ends with its parent, however the parent ends: `kill -9` runs no clean-up.

The parent holds the writing end of a pipe, which the system closes when the parent is gone; the child waits
for that on its standard input. A measured service that outlived its run would disturb every later figure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

FLAG = "--with-parent"
HELP = "end at once when standard input closes: whoever started this process holds the other end"


@contextmanager
def lifeline() -> Iterator[int]:
    """What to give a child, started with `FLAG`, as standard input; it ends when the block does."""
    child_end, parent_end = os.pipe()  # neither is inherited, but for the one that becomes the child's input
    try:
        yield child_end
    finally:
        os.close(child_end)
        os.close(parent_end)


def end_with_parent() -> None:
    """End this process, without clean-up, when its standard input closes."""
    Thread(target=_wait_and_end, name="lifeline", daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)
