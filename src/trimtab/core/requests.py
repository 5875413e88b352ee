"""The request log: what `serve` writes and `watch` reads, one JSON object a line, in segments.

    {"t": 1764000000.123, "version": "9dcac4995d76", "text": "where is my card", "label": "card_arrival",
     "confidence": 0.97, "entropy": 0.21, "latency_ms": 3.4, "stage": 0}

`t` is Unix time in seconds, `entropy` in nats, `latency_ms` that of the whole request, `stage` tells
which model of a cascade answered. A segment is a file `*.jsonl` to which one process appends; its lines
are in order of time. A line without its newline is still being written and is left for the next reading;
a whole line that is no request (torn by a crash or a full disk) is passed over and counted.

How far watchers of a version have read stands beside the segments in `read-VERSION.json`, so that the
server does not delete unread ones in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from trimtab.core.store import write_json

SUFFIX = ".jsonl"
_READ = "read-{version}.json"


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


_REQUEST = TypeAdapter(Request)


class Segment:
    """A segment read from byte `done` on, one request at a time.

    `head` is the next request that `version` answered (or any version, where that is None), None at the end.
    All bytes before `done` are dealt with: taken, of another version, or torn. The file is open only while
    requests are taken from it.
    """

    def __init__(self, path: Path, version: str | None = None, done: int = 0) -> None:
        self.path = path
        self.done = done
        self.head: Request | None = None
        self.torn = 0
        self.first_torn = 0
        self._version = version
        self._after_head = done
        self._stream: BinaryIO | None = None
        self.take()
        self.close()

    def take(self) -> Request | None:
        """The head; the next request takes its place."""
        taken, self.head, self.done = self.head, None, self._after_head
        for line in self._lines():
            found = parse(line)
            self._after_head += len(line)
            if found is not None and self._version in (None, found.version):
                self.head = found
                break
            if found is None:
                self.torn += 1
                self.first_torn = self.first_torn or self._after_head
            self.done = self._after_head
        if self.head is None:
            self.close()
        return taken

    def close(self) -> None:
        """Close the file; it is opened again when the next request is taken."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _lines(self) -> Iterator[bytes]:
        """The whole lines after the head."""
        if self._stream is None:
            try:
                self._stream = self.path.open("rb")
            except FileNotFoundError:
                return  # deleted meanwhile: it was too old
            self._stream.seek(self._after_head)
        while (line := self._stream.readline()).endswith(b"\n"):
            yield line


def parse(line: bytes) -> Request | None:
    """The request of a line; None when it holds none."""
    try:
        return _REQUEST.validate_json(line, strict=True)
    except ValidationError:
        return None


def segments(folder: Path) -> list[Path]:
    """The segments of a log, by name, which begins with the time when it was begun."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read_requests(folder: Path) -> Iterator[Request]:
    """Every request of the log, segment by segment."""
    for path in segments(folder):
        segment = Segment(path)
        while (request := segment.take()) is not None:
            yield request


def note_read(folder: Path, version: str, read: Mapping[str, int]) -> None:
    """Write down, for the server, up to which byte a watcher of `version` has read each segment."""
    write_json(folder / _READ.format(version=version), dict(read))


def is_unread(path: Path) -> bool:
    """Whether a segment has a request that no watcher of its version has read."""
    first = Segment(path).head
    if first is None:
        return False
    noted = path.parent / _READ.format(version=first.version)
    try:
        read = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    except ValueError:  # cut off by a power failure: the log must go on, and may warn once too often
        read = {}
    return Segment(path, first.version, read.get(path.name, 0)).head is not None
