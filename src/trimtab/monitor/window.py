"""Cuts the request log into windows of equal size, each read once, and measures their traits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from pathlib import Path

import numpy as np

from trimtab.core.objects import Window
from trimtab.core.requests import Request, Segment, segments
from trimtab.monitor.profile import Profile, Traits, lengths

Embed = Callable[[Sequence[str]], np.ndarray]
"""Embeddings (n, width) of n texts, by the served model."""


@dataclass(frozen=True)
class Torn:
    """Lines of the log that are no requests, and where the first of them ends."""

    lines: int = 0
    first: str = ""


@dataclass(frozen=True)
class Cut:
    """A full window; where each segment is read up to once it is done; torn lines met on the way."""

    window: Window
    read: Mapping[str, int]
    torn: Torn


class Windows:
    """The full windows of requests that `version` answered and nobody looked at yet, oldest first.

    Iterating reads the log once, forward, and holds one window in memory. `read` maps segments to byte
    offsets: where reading begins, and after the last window where the next reading should. By then `left`
    counts the requests that fill no window, `torn` the torn lines since the last one. Segments of several
    processes are merged by time.
    """

    def __init__(
        self, folder: Path, version: str, labels: Sequence[str], size: int, read: Mapping[str, int]
    ) -> None:
        self.left = 0
        self.read = dict(read)
        self.torn = Torn()
        self._version, self._labels, self._size = version, labels, size
        self._segments = [Segment(path, version, read.get(path.name, 0)) for path in segments(folder)]

    def __iter__(self) -> Iterator[Cut]:
        rows: list[Request] = []
        begun: set[str] = set()
        for segment, request in self._by_time():
            rows.append(request)
            begun.add(segment.path.name)
            if len(rows) == self._size:
                self._note(begun=set())
                yield Cut(window_of(rows, self._version, self._labels), dict(self.read), self._torn())
                rows, begun = [], set()
        self.left = len(rows)
        self._note(begun)
        self.torn = self._torn()

    def _by_time(self) -> Iterator[tuple[Segment, Request]]:
        """Every request with its segment; a segment is open only from its first request to its last."""
        heads = [(one.head.t, at) for at, one in enumerate(self._segments) if one.head is not None]
        heapify(heads)
        while heads:
            _, at = heappop(heads)
            segment = self._segments[at]
            request = segment.take()
            if segment.head is not None:
                heappush(heads, (segment.head.t, at))
            if request is not None:
                yield segment, request

    def _note(self, begun: set[str]) -> None:
        """Note how far each segment is dealt with, but for those of which an unfinished window has begun."""
        self.read = {
            name: self.read.get(name, 0) if name in begun else one.done
            for one in self._segments
            for name in (one.path.name,)
        }

    def _torn(self) -> Torn:
        """The torn lines since the last call."""
        found = [one for one in self._segments if one.torn]
        if not found:
            return Torn()
        said = Torn(sum(one.torn for one in found), f"byte {found[0].first_torn} of {found[0].path}")
        for one in found:
            one.torn = one.first_torn = 0
        return said


def window_of(requests: Sequence[Request], version: str, labels: Sequence[str]) -> Window:
    """The window of these requests; labels become the class numbers of the bundle."""
    number = {label: at for at, label in enumerate(labels)}
    return Window(
        version,
        tuple(request.text for request in requests),
        labels=np.array([number[request.label] for request in requests], np.int32),
        confidence=np.array([request.confidence for request in requests], np.float32),
        entropy=np.array([request.entropy for request in requests], np.float32),
        latency_ms=np.array([request.latency_ms for request in requests]),
        at=np.array([request.t for request in requests]),
    )


def request_times(window: Window) -> np.ndarray:
    """The latency of each request (requests,) in ms: its texts stand side by side in the log."""
    one = np.stack((window.at, window.latency_ms))
    first = np.ones(len(window), bool)
    first[1:] = (one[:, 1:] != one[:, :-1]).any(axis=0)
    return np.asarray(window.latency_ms[first])


def traits_of(window: Window, profile: Profile, embed: Embed) -> Traits:
    """The traits of a window's requests, measured as those of the reference were."""
    return Traits(
        nearest=profile.nearest(embed(window.texts)),
        entropy=window.entropy,
        length=lengths(window.texts),
        predicted=window.labels,
    )
