"""The request log: what `serve` writes and `watch` reads, one JSON object a line, in segments.

    {"t": 1764000000.123, "version": "9dcac4995d76", "text": "where is my card", "label": "card_arrival",
     "confidence": 0.97, "entropy": 0.21, "latency_ms": 3.4, "stage": 0}

`t` is Unix time in seconds, `entropy` in nats, `latency_ms` that of the whole request, `stage` tells
which model of a cascade answered. A segment is a file `*.jsonl` to which one process appends; its lines
are in order of time. A line without its newline is still being written and is left for the next reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from trimtab.core.errors import DataError

SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Request:
    """One text that was answered."""

    t: float
    version: str
    text: str
    label: str
    confidence: float
    entropy: float
    latency_ms: float
    stage: int = 0

    def line(self) -> bytes:
        """The line of the log, newline included."""
        return json.dumps(asdict(self), ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line ends: its segment and the byte after it."""

    segment: str
    end: int


def read_requests(folder: Path, read: Mapping[str, int]) -> Iterator[tuple[Place, Request]]:
    """Every request after the byte offsets in `read` (segment name to offset), segment by segment.

    Raises:
        DataError: a line is not a request; names file and byte.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        end = read.get(path.name, 0)
        with path.open("rb") as stream:
            stream.seek(end)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                yield Place(path.name, end), _request(line, f"{path}: line ending at byte {end}")


def _request(line: bytes, place: str) -> Request:
    try:
        return Request(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise DataError(place, f"not a request ({error})", "remove that line from the log") from error
