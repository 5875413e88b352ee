"""Load-tests a running service or a bundle, from a process of its own, and keeps the raw replies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from trimtab.core import machine
from trimtab.core.bundle import Bundle
from trimtab.core.errors import ConfigError, EnvironmentFault
from trimtab.core.requests import Segment, segments
from trimtab.core.spec_file import ReadSpec
from trimtab.core.store import write_json
from trimtab.serve.access import TOKEN
from trimtab.serve.load import LoadResult, drive, start_server

CONCURRENCIES = (1, 8, 32, 128)
OPEN_LOOP_SHARE = 0.5
"""The open loop sends this share of the best closed loop's rate, unless a rate is given."""
WARM_UP_REQUESTS = 100
_REMEDY = "start `trimtab serve`, or name another address with --url"


@contextmanager
def service(url: str | None, bundle: Callable[[], Path]) -> Iterator[str]:
    """The address of the service to drive: the one at `url`, or one that serves the bundle meanwhile."""
    if url is not None:
        yield _checked(url)
        return
    with start_server(bundle()) as server:
        yield server.rest_url


def replay(bundle: Path, texts: Sequence[str], log: Path) -> None:
    """Send every text once to the bundle, one after the other in random order, and log the requests.

    The order matters: a file sorted by class would look like drift, window by window. Where the log holds
    requests of this version nothing is sent: the same texts again are no independent traffic, and `watch`
    promises its rate of false alarms for such only.

    Raises:
        EnvironmentFault: a request failed.
    """
    version = Bundle.open(bundle, verify=False).version
    if any(Segment(path, version).head for path in segments(log)):
        print(f"{log}: holds requests of version {version} already; nothing is replayed", file=sys.stderr)
        return
    with start_server(bundle, options=("--log", str(log))) as server:
        order = np.random.default_rng(0).permutation(len(texts)).tolist()
        mixed = [texts[at] for at in order]
        found = drive(server.rest_url, mixed, concurrency=1, requests=len(texts), seconds=600.0)
    if found.errors:
        raise EnvironmentFault(str(bundle), f"{found.errors} of {len(texts)} requests failed", _REMEDY)


def bench(
    url: str, texts: Sequence[str], into: Path, seconds: float = 8.0, rate: float | None = None
) -> dict[str, Any]:
    """Closed loops at `CONCURRENCIES`, then an open one; summary and raw replies stand below `into`.

    The bearer token, if the service wants one, is that of TRIMTAB_TOKEN.

    Raises:
        EnvironmentFault: the service does not answer.
    """
    warm = _drive(url, texts, requests=WARM_UP_REQUESTS, concurrency=1)
    if warm.errors:
        raise EnvironmentFault(
            url, f"{warm.errors} of {WARM_UP_REQUESTS} requests failed ({warm.replies[-1].code})", _REMEDY
        )
    folder = into / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder.mkdir(parents=True)
    rows = [_row(url, texts, folder, concurrency=each, seconds=seconds) for each in CONCURRENCIES]
    rate = rate or round(OPEN_LOOP_SHARE * max(row["qps"] for row in rows), 1)
    rows.append(_row(url, texts, folder, concurrency=max(CONCURRENCIES), seconds=seconds, rate=rate))
    summary = {"machine": machine.describe(), "url": url, "rows": rows, "raw": str(folder)}
    write_json(folder / "summary.json", summary)
    return summary


def texts_of(read: ReadSpec) -> list[str]:
    """The test texts of a project, or its train texts where it has no test file."""
    from trimtab.data.read import read as read_rows
    from trimtab.data.sources import rooted

    data = read.spec.data
    part = "test" if data.test else "train"
    rows = read_rows(rooted(read.folder, data.test or data.train), data, read.place("data", part))
    return [str(text) for text in rows[data.text]]


def lines_of(file: Path) -> list[str]:
    """One text a line.

    Raises:
        ConfigError: the file is missing or holds no text.
    """
    try:
        texts = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), f"cannot be read ({error})", "give a UTF-8 file with --texts") from error
    if not texts:
        raise ConfigError(str(file), "holds no text", "write one text a line")
    return texts


def _checked(url: str) -> str:
    """The address, if it is one that the load generator can reach.

    Raises:
        ConfigError: no host or port, TLS, or a path.
    """
    try:
        parts = urlsplit(url)
        whole = parts.scheme == "http" and parts.hostname and parts.port and parts.path in ("", "/")
    except ValueError:  # a port that is no number
        whole = False
    if not whole:
        raise ConfigError(f"--url {url}", "is no address that can be asked", "write http://HOST:PORT")
    return url


def _drive(url: str, texts: Sequence[str], **options: Any) -> LoadResult:
    return drive(url, texts, token=os.environ.get(TOKEN), **options)


def _row(url: str, texts: Sequence[str], folder: Path, **options: Any) -> Mapping[str, Any]:
    rate = options.get("rate")
    loop = "closed" if rate is None else "open"
    raw = folder / f"{loop}-{options['concurrency'] if rate is None else rate}.jsonl"
    found = _drive(url, texts, raw=raw, **options)
    named = {"name": "deployed", "protocol": "rest", "loop": loop, "rate": rate}
    return {**named, "concurrency": options["concurrency"], **found.summary()}
