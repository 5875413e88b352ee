"""The request log: what was asked and answered, appended by a background thread for `watch` to read.

The format is that of `trimtab.core.requests`. A segment is closed when it reaches `SEGMENT_BYTES`; a
crash loses at most what was answered since the last flush, a fraction of a second, and never harms what
was written before.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from trimtab.core.errors import EnvironmentFault
from trimtab.core.measure import entropy
from trimtab.core.requests import SUFFIX, Request
from trimtab.serve.engine import Ticket

SEGMENT_BYTES = 64 * 2**20
FLUSH_SECONDS = 0.2
MOST_WAITING = 100_000
"""Requests that may wait for the disk; more are dropped and counted: answering comes before logging."""


class RequestLog:
    """Appends answered requests to `folder`; `add` costs the caller less than a microsecond."""

    def __init__(
        self, folder: Path, version: str, labels: tuple[str, ...], segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.dropped = 0
        self._folder = folder
        self._version = version
        self._labels = labels
        self._segment_bytes = segment_bytes
        self._waiting: deque[tuple[float, Ticket, float]] = deque()
        self._stop = threading.Event()
        self._file = self._segment()
        self._thread = threading.Thread(target=self._write_on, name="trimtab-log", daemon=True)
        self._thread.start()

    def add(self, ticket: Ticket, seconds: float) -> None:
        """Log an answered request that took `seconds`."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((time.time(), ticket, seconds))
        else:
            self.dropped += len(ticket.texts)

    def close(self) -> None:
        """Write what waits, and close the segment."""
        self._stop.set()
        self._thread.join()
        self._file.close()

    def _write_on(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not taken:
            return
        try:
            self._file.write(b"".join(self._lines(taken)))
            self._file.flush()
        except OSError as error:  # a full disk must not stop the service
            self.dropped += sum(len(ticket.texts) for _, ticket, _ in taken)
            print(f"{self._file.name}: cannot write the request log ({error}); free space", file=sys.stderr)
            return
        if self._file.tell() >= self._segment_bytes:
            self._next_segment()

    def _next_segment(self) -> None:
        """Go on in a new file; where none can be made, in the old one, and try again at the next flush."""
        try:
            fresh = self._segment()
        except EnvironmentFault as error:
            print(error, file=sys.stderr)
            return
        self._file.close()
        self._file = fresh

    def _lines(self, taken: list[tuple[float, Ticket, float]]) -> list[bytes]:
        entropies = iter(entropy(np.array([row for _, ticket, _ in taken for row in ticket.rows])).tolist())
        return [
            msgspec.json.encode(
                Request(
                    t=at,
                    version=self._version,
                    text=text,
                    label=self._labels[ticket.labels[number]],
                    confidence=ticket.confidence[number],
                    entropy=next(entropies),
                    latency_ms=seconds * 1000,
                    stage=ticket.stages[number],
                )
            )
            + b"\n"
            for at, ticket, seconds in taken
            for number, text in enumerate(ticket.texts)
        ]

    def _segment(self) -> BinaryIO:
        """A new file: nothing is ever appended after the torn line of a crash."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        path = self._folder / f"{stamp}-{os.getpid()}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return path.open("xb")
        except OSError as error:
            raise EnvironmentFault(
                str(path),
                f"cannot write the request log ({error.strerror})",
                "choose another folder, or serve.log: false",
            ) from error
