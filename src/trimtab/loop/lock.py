"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.core.errors import EnvironmentFault


@contextmanager
def only_one(folder: Path, worker: str) -> Iterator[None]:
    """Work alone in `folder`, made if need be; the lock goes with the process, however it ends.

    Raises:
        EnvironmentFault: another one works there; the message names its process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.seek(0)
            raise EnvironmentFault(
                str(folder),
                f"another {worker} works here (process {stream.read().strip()})",
                "wait for it, or stop it",
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
