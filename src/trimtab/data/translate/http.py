"""One POST of JSON with a deadline for the whole answer, by the standard library alone."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

_PIECE = 1 << 16


class Failed(Exception):
    """No whole answer came. `unsent` is true where the server cannot have seen the request."""

    def __init__(self, why: str, unsent: bool = False) -> None:
        super().__init__(why)
        self.unsent = unsent


@dataclass(frozen=True)
class Reply:
    """Status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait (RFC 9110, 10.2.3: a number or a date), if it does."""
        said = self.headers.get("retry-after", "").strip()
        try:
            return max(0.0, float(said))
        except ValueError:
            pass
        try:
            when = parsedate_to_datetime(said)
        except ValueError:
            return None
        return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET, and carry the key to another host."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the status tells the caller."""


_OPENER = urllib.request.build_opener(_Stay())


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
    """Send and receive; whatever the status is, it is a reply.

    Raises:
        Failed: no connection, cut off in the middle, or longer than `timeout` seconds in all.
    """
    until = time.monotonic() + timeout
    request = urllib.request.Request(url, body, {**headers, "Content-Type": "application/json"})
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return _whole(response, until)
    except urllib.error.HTTPError as response:
        with response:
            try:
                return _whole(response, until)
            except (OSError, HTTPException):
                return Reply(response.code, _lowered(response.headers), b"")
    except urllib.error.URLError as error:
        refused = isinstance(error.reason, ConnectionRefusedError) or "resolution" in str(error.reason)
        raise Failed(f"cannot be reached ({error.reason})", refused) from error
    except TimeoutError as error:
        raise Failed(f"no answer within {timeout:g} s") from error
    except (OSError, HTTPException) as error:
        raise Failed(f"broke off ({type(error).__name__})") from error


def _whole(response: Any, until: float) -> Reply:
    """Read to the end, but not beyond the deadline: a server that trickles is as bad as a silent one."""
    parts = []
    while piece := response.read1(_PIECE):
        parts.append(piece)
        if time.monotonic() > until:
            raise TimeoutError
    body = b"".join(parts)
    headers = _lowered(response.headers)
    promised = headers.get("content-length", "")
    if promised.isdecimal() and len(body) < int(promised):
        raise HTTPException("cut off")
    return Reply(response.status, headers, body)


def _lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
