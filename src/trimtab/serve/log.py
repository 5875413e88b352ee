"""The request log: what was asked and answered, appended by a background thread for `watch` to read.

The format is that of `trimtab.core.requests`, the files are those of `trimtab.serve.segments`. A crash loses
at most what was answered since the last flush, a fraction of a second, and never harms what was written
before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

import msgspec
import numpy as np

from trimtab.core.measure import entropy
from trimtab.core.requests import Request
from trimtab.serve.segments import SegmentWriter
from trimtab.serve.ticket import Ticket

_LOGGER = logging.getLogger("trimtab.serve")
FLUSH_SECONDS = 0.2
MOST_WAITING = 100_000
"""Requests that may wait for the disk; more are dropped and counted: answering comes before logging."""


class RequestLog:
    """Appends answered requests to `segments`; `add` costs the caller less than a microsecond."""

    def __init__(self, segments: SegmentWriter, version: str, labels: tuple[str, ...]) -> None:
        self.dropped = 0
        self._segments = segments
        self._version = version
        self._labels = labels
        self._waiting: deque[tuple[float, Ticket, float]] = deque()
        self._stop = threading.Event()
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
        self._segments.close()

    def _write_on(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
            try:
                self._segments.tidy()
            except Exception:  # whatever it is, the next requests are to be logged
                _LOGGER.exception("the request log could not be tidied")
        self._flush()

    def _flush(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not taken:
            return
        try:
            self.dropped += self._segments.append(self._lines(taken))
        except Exception:
            self.dropped += sum(len(ticket.texts) for _, ticket, _ in taken)
            _LOGGER.exception("requests could not be logged")

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
