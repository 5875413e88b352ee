"""What is asked of the load generator, and what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from trimtab.core.measure import quantile_interval

OK, REFUSED, ERROR = "ok", "refused", "error"


class Reply(msgspec.Struct):
    """One request: when it was due (seconds from the start), how long until its answer, how it ended.

    `text` is the number of the text that was sent; `label` and `confidence` are kept where answers
    were asked for.
    """

    due: float
    ms: float
    state: str
    code: str
    text: int
    label: str | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Plan:
    """One run. Closed loop: `concurrency` clients ask again once answered.

    Open loop: `rate` requests a second. It ends after `seconds`, or after `requests` requests where they
    are given. In the open loop `concurrency` is the most connections; latency counts from the moment a
    request was due, also while it waits for one (no coordinated omission).
    """

    url: str
    texts: tuple[str, ...]
    protocol: str = "rest"
    concurrency: int = 32
    seconds: float = 8.0
    requests: int | None = None
    rate: float | None = None
    path: str = "/predict"
    model: str = "model"
    token: str | None = None
    answers: bool = False


@dataclass(frozen=True)
class LoadResult:
    """What the load generator saw. Latencies are those of answered requests, in the order they were sent."""

    replies: tuple[Reply, ...]
    seconds: float

    @property
    def latencies_ms(self) -> np.ndarray:
        """Milliseconds of each answered request: (answered,) float64."""
        return np.array([reply.ms for reply in self.replies if reply.state == OK], dtype=float)

    @property
    def refused(self) -> int:
        """Requests refused for load or shutdown: 429 and 503, RESOURCE_EXHAUSTED and UNAVAILABLE."""
        return sum(reply.state == REFUSED for reply in self.replies)

    @property
    def errors(self) -> int:
        """Requests that ended in any other way than an answer or a refusal."""
        return sum(reply.state == ERROR for reply in self.replies)

    @property
    def qps(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds if self.seconds else 0.0

    def labels(self) -> dict[int, str]:
        """The label answered for each text number; needs `answers`."""
        return {reply.text: reply.label for reply in self.replies if reply.label is not None}

    def accuracy(self, truth: Sequence[str]) -> float | None:
        """Share of the texts that were answered with their true label; None without `answers`."""
        found = self.labels()
        return float(np.mean([truth[at] == label for at, label in found.items()])) if found else None

    def summary(self) -> dict[str, Any]:
        """Plain numbers: qps, latencies in ms with the interval of the 99th percentile, and counts."""
        times = self.latencies_ms
        numbers: dict[str, float | None] = dict.fromkeys(("p50_ms", "p99_ms", "p99_low_ms", "p99_high_ms"))
        if len(times):
            p99 = quantile_interval(times, 0.99)
            numbers = {
                "p50_ms": float(np.median(times)),
                "p99_ms": p99.value,
                "p99_low_ms": p99.low,
                "p99_high_ms": p99.high,
            }
        counts = {"errors": self.errors, "refused": self.refused, "sent": len(self.replies)}
        return {"qps": self.qps, **numbers, **counts, "seconds": self.seconds}

    def write(self, path: Path) -> None:
        """One reply a line, then a last line `{"seconds": ...}`."""
        encoder = msgspec.json.Encoder()
        lines = [encoder.encode(reply) for reply in self.replies]
        path.write_bytes(b"\n".join([*lines, encoder.encode({"seconds": self.seconds}), b""]))

    @classmethod
    def read(cls, path: Path) -> LoadResult:
        """What `write` wrote."""
        *lines, last = path.read_bytes().splitlines()
        decoder = msgspec.json.Decoder(Reply)
        return cls(tuple(decoder.decode(line) for line in lines), msgspec.json.decode(last)["seconds"])
