"""The files of the request log: one is written, full ones are closed, old ones are deleted.

The log as a whole keeps within `size_bytes`, and no request stays in it longer than `age_seconds`, while a
server runs. A segment is therefore closed at an eighth of either limit (or at 64 MiB, or after a day), and
deleted as a whole. One that no watcher has read is deleted too, with a warning.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from trimtab.core.errors import EnvironmentFault
from trimtab.core.requests import SUFFIX, is_unread, segments

SEGMENT_BYTES, SEGMENT_SECONDS, PARTS = 64 * 2**20, 86400.0, 8
TIDY_SECONDS = 60.0


class SegmentWriter:
    """Appends lines to the newest segment of `folder`; used by one thread.

    A segment whose writing failed is cut back to its last whole line and closed: nothing is ever appended
    after a torn line. `now` is the clock.

    Raises:
        EnvironmentFault: the first segment cannot be made.
    """

    def __init__(
        self, folder: Path, size_bytes: int, age_seconds: float, now: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._size, self._age, self._now = size_bytes, age_seconds, now
        self._segment_bytes = min(SEGMENT_BYTES, max(1, size_bytes // PARTS))
        self._segment_seconds = min(SEGMENT_SECONDS, age_seconds / PARTS)
        self._silent = False
        self._file: FileIO | None = self._make()
        self._bytes, self._begun = 0, now()
        self._tidied = -TIDY_SECONDS
        self.tidy()

    def append(self, lines: Sequence[bytes]) -> int:
        """Append lines that end with their newline; how many of them could not be written."""
        if self._file is not None and _is_gone(self._file):
            self.close()
        if self._file is None or self._bytes >= self._segment_bytes:
            self._renew()
        if self._file is None:
            return len(lines)
        batch, sent = b"".join(lines), 0
        try:
            while sent < len(batch):
                sent += self._file.write(memoryview(batch)[sent:]) or 0
        except OSError as error:  # a full disk must not stop the service
            self._say(f"{self._file.name}: cannot write the request log ({error.strerror}); free space")
            whole = batch.rfind(b"\n", 0, sent) + 1
            self._abandon(self._bytes + whole)
            return batch.count(b"\n", whole)
        self._bytes += len(batch)
        self._silent = False
        return 0

    def tidy(self) -> None:
        """Close the segment when its time is over, and delete old ones; does so once in a minute."""
        if self._now() < self._tidied + TIDY_SECONDS:
            return
        self._tidied = self._now()
        if self._bytes and self._begun + self._segment_seconds <= self._now():
            self.close()
        self._delete_old()

    def close(self) -> None:
        """Close the segment; the next line opens a new one."""
        if self._file is not None:
            self._file.close()
            self._file, self._bytes = None, 0

    def _renew(self) -> None:
        """Go on in a new file; where none can be made, in the old one, and try again at the next lines."""
        try:
            fresh = self._make()
        except EnvironmentFault as error:
            self._say(str(error))
            return
        self.close()
        self._file, self._bytes, self._begun = fresh, 0, self._now()
        self._delete_old()

    def _abandon(self, whole: int) -> None:
        """Cut the segment back to its whole lines and close it; an empty one goes."""
        assert self._file is not None
        path = _path(self._file)
        with suppress(OSError):
            os.ftruncate(self._file.fileno(), whole)
            if whole == 0:
                path.unlink()
        with suppress(OSError):
            self._file.close()
        self._file, self._bytes = None, 0

    def _delete_old(self) -> None:
        """Delete closed segments from the oldest on until both limits hold, with room for a new one."""
        current = None if self._file is None else _path(self._file)
        try:
            found = [(path.stat(), path) for path in segments(self._folder) if path != current]
        except OSError:
            return  # another server deleted one just now: next time
        found.sort(key=lambda one: one[0].st_mtime)
        total = sum(stat.st_size for stat, _ in found) + self._segment_bytes
        oldest = self._now() - (self._age - self._segment_seconds)
        for stat, path in found:
            if total <= self._size and stat.st_mtime >= oldest:
                return
            self._delete(path, "serve.log_size" if total > self._size else "serve.log_age")
            total -= stat.st_size

    def _delete(self, path: Path, limit: str) -> None:
        try:
            unread = is_unread(path)
            path.unlink(missing_ok=True)
        except OSError as error:
            self._say(f"{path}: cannot be deleted ({error.strerror}); {limit} is exceeded")
            return
        if unread:
            said = f"{path}: deleted to keep {limit}, before `trimtab watch` had read it"
            print(f"warning: {said}; watch more often, or allow more", file=sys.stderr, flush=True)

    def _make(self) -> FileIO:
        """A new file, unbuffered: what could not be written is known at once, and not tried again."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        path = self._folder / f"{stamp}-{os.getpid()}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return FileIO(path, "xb")
        except OSError as error:
            raise EnvironmentFault(
                str(path),
                f"cannot write the request log ({error.strerror})",
                "choose another folder, or serve.log: false",
            ) from error

    def _say(self, problem: str) -> None:
        """Print a problem once, until something was written again."""
        if not self._silent:
            print(problem, file=sys.stderr, flush=True)
        self._silent = True


def _path(file: FileIO) -> Path:
    return Path(str(file.name))


def _is_gone(file: FileIO) -> bool:
    """Whether somebody deleted the file: what is written there would be lost."""
    return os.fstat(file.fileno()).st_nlink == 0
