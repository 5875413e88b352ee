"""A cheap HTTP/1.1 client: requests are bytes made in advance, one keep-alive connection a client."""

from __future__ import annotations

import asyncio
import json
from typing import cast
from urllib.parse import urlsplit

from trimtab.serve.load.pace import Answer
from trimtab.serve.load.result import Plan

_LENGTH = b"content-length:"


class HttpClient(asyncio.Protocol):
    """One connection to the service, opened again when the server closes it."""

    def __init__(self, plan: Plan, requests: list[bytes]) -> None:
        parts = urlsplit(plan.url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._requests = requests
        self._answers = plan.answers
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[bytes] | None = None
        self._buffer = b""

    async def __call__(self, number: int) -> Answer:
        """Send request `number` and wait for its response.

        Raises:
            OSError: no connection.
            EOFError: the connection closed without a response.
        """
        loop = asyncio.get_running_loop()
        if self._transport is None:
            await loop.create_connection(lambda: self, *self._address)
        self._waiter = loop.create_future()
        assert self._transport is not None
        self._transport.write(self._requests[number])
        response = await self._waiter
        code = response[9:12].decode()
        if not self._answers or code != "200":
            return code, None, None
        first = json.loads(response[response.index(b"\r\n\r\n") :])["predictions"][0]
        return code, first["label"], first["confidence"]

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Collect one response; requests are never pipelined."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        at = head.find(_LENGTH)
        if at < 0:
            self._end(OSError("a response without content-length"))
            return
        stop = head.find(b"\r\n", at)
        size = int(head[at + len(_LENGTH) : stop if stop >= 0 else None])
        if len(self._buffer) < head_end + 4 + size:
            return
        response, self._buffer = self._buffer, b""
        if b"connection: close" in head and self._transport is not None:
            self._transport.close()
            self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that waits, if any."""
        self._transport = None
        self._end(exc if isinstance(exc, OSError) else EOFError("connection closed"))

    def _end(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


def http_clients(plan: Plan) -> list[HttpClient]:
    """One client for each unit of concurrency."""
    requests = [_request(plan, text) for text in plan.texts]
    return [HttpClient(plan, requests) for _ in range(plan.concurrency)]


def _request(plan: Plan, text: str) -> bytes:
    body = json.dumps({"texts": [text]}).encode()
    lines = [
        f"POST {plan.path} HTTP/1.1",
        f"Host: {urlsplit(plan.url).netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if plan.token:
        lines.append(f"Authorization: Bearer {plan.token}")
    return "\r\n".join([*lines, "", ""]).encode() + body
