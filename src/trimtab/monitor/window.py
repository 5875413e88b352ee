"""Cuts the request log into windows of equal size, each read once, and measures their traits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from pathlib import Path

import numpy as np

from trimtab.core.objects import Window
from trimtab.core.requests import Place, Request, read_requests
from trimtab.monitor.profile import Profile, Traits, lengths

Embed = Callable[[Sequence[str]], np.ndarray]
"""Embeddings (n, width) of n texts, by the served model."""


@dataclass(frozen=True)
class Cut:
    """A full window, and where each segment of the log was read up to once it is done."""

    window: Window
    read: Mapping[str, int]


def cut(
    folder: Path, version: str, labels: Sequence[str], size: int, read: Mapping[str, int]
) -> tuple[list[Cut], int]:
    """The full windows of requests that `version` answered and that were not yet read; and how many are
    left over.

    `read` maps segments to byte offsets. Segments of several processes are merged by time.
    """
    fresh = _by_time(folder, version, read)
    cuts = []
    for start in range(0, len(fresh) - size + 1, size):
        part = fresh[start : start + size]
        read = {**read, **{place.segment: place.end for place, _ in part}}
        cuts.append(Cut(window_of([request for _, request in part], version, labels), read))
    return cuts, len(fresh) % size


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


def _by_time(folder: Path, version: str, read: Mapping[str, int]) -> list[tuple[Place, Request]]:
    rows = read_requests(folder, read)
    segments = [
        [row for row in group if row[1].version == version]
        for _, group in groupby(rows, key=lambda row: row[0].segment)
    ]
    return list(merge(*segments, key=lambda row: row[1].t))
