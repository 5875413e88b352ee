"""The REST API. The hot paths are raw ASGI: a framework's handling costs more than a small model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from math import ceil
from time import perf_counter
from typing import Any

import msgspec

from trimtab.serve.infer_rest import LENGTH_HEADER, read_infer, write_infer
from trimtab.serve.messages import PredictRequest, decode
from trimtab.serve.refusal import (
    Draining,
    Overloaded,
    Refusal,
    TooLarge,
    WrongMedia,
    WrongMethod,
    failed,
)
from trimtab.serve.service import Service
from trimtab.serve.ticket import Ticket

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, bytes]
Pairs = list[tuple[bytes, bytes]]

INFER_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
OPEN_PATHS = ("/v2/health/", "/openapi.json")
"""Answered without a token: a load balancer has none, and the description holds no secret."""
JSON = (b"content-type", b"application/json")
BINARY = (b"content-type", b"application/octet-stream")


class Rest:
    """The ASGI application; `pages` answers every path that is not hot."""

    def __init__(self, service: Service, pages: App) -> None:
        self._service = service
        self._pages = pages
        self._max_bytes = service.engine.spec.max_bytes
        self._predict_decoder = msgspec.json.Decoder(PredictRequest)
        version = msgspec.json.encode(service.version)
        self._label_starts = [
            b'{"label":' + msgspec.json.encode(label) + b',"confidence":'
            for label in service.engine.bundle.labels
        ]
        self._predict_end = b'],"model":' + version + b"}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"]
        if path == "/predict":
            await self._hot(self._predict, scope, receive, send)
        elif found := INFER_PATH.fullmatch(path):
            name, version = found.groups()

            async def infer(headers: Headers, receive: Receive, started: float) -> tuple[bytes, Pairs]:
                self._service.check_model(name, version)
                return await self._infer(headers, receive, started)

            await self._hot(infer, scope, receive, send)
        else:
            await self._cold(scope, receive, send)

    async def _hot(
        self,
        answer: Callable[[Headers, Receive, float], Awaitable[tuple[bytes, Pairs]]],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        started = perf_counter()
        try:
            if scope["method"] != "POST":
                raise WrongMethod(f"{scope['method']} {scope['path']}", "it takes POST only", "send a POST")
            headers = dict(scope["headers"])
            self._service.authorise(headers.get(b"authorization"))
            body, said = await answer(headers, receive, started)
            status = 200
        except asyncio.CancelledError:  # uvicorn cancels what is left at the end of a drain
            status, body, said = refused(Draining("it shut down before the request was complete"))
        except Exception as error:
            status, body, said = refused(error)
        if self._service.engine.draining:
            said.append((b"connection", b"close"))
        self._service.meter.request("rest", str(status))
        await respond(send, status, body, said)

    async def _predict(self, headers: Headers, receive: Receive, started: float) -> tuple[bytes, Pairs]:
        check_plain(headers)
        check_json(headers)
        body = await self._body(headers, receive)
        request = decode(self._predict_decoder, body)
        ticket = await self._service.engine.submit(request.texts, started)
        return self._predictions(ticket), [JSON]

    def _predictions(self, ticket: Ticket) -> bytes:
        starts = self._label_starts
        rows = [
            starts[label] + repr(confidence).encode() + b"}"
            for label, confidence in zip(ticket.labels, ticket.confidence, strict=True)
        ]
        return b'{"predictions":[' + b",".join(rows) + self._predict_end

    async def _infer(self, headers: Headers, receive: Receive, started: float) -> tuple[bytes, Pairs]:
        check_plain(headers)
        if LENGTH_HEADER not in headers:
            check_json(headers)
        asked = read_infer(await self._body(headers, receive), headers.get(LENGTH_HEADER))
        ticket = await self._service.engine.submit(asked.texts, started)
        body, header_size = write_infer(asked, ticket, self._service)
        if header_size is None:
            return body, [JSON]
        return body, [BINARY, (LENGTH_HEADER, str(header_size).encode())]

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body, refused as soon as it is known to be too large."""
        if int(headers.get(b"content-length", b"0")) > self._max_bytes:
            raise _too_large(self._max_bytes)
        message = await receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                break
        if len(body) > self._max_bytes:
            raise _too_large(self._max_bytes)
        return body

    async def _cold(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if not scope["path"].startswith(OPEN_PATHS):
                self._service.authorise(dict(scope["headers"]).get(b"authorization"))
        except Refusal as error:
            status, body, headers = refused(error)
            await respond(send, status, body, headers)
            return
        await self._pages(scope, receive, send)


def refused(error: Exception) -> tuple[int, bytes, Pairs]:
    """Status, body and headers that tell the client why there is no answer."""
    known = error if isinstance(error, Refusal) else failed("server", error)
    headers = [JSON]
    if isinstance(known, Overloaded):
        headers.append((b"retry-after", str(max(1, ceil(known.retry_after_s))).encode()))
        headers.append((b"retry-after-ms", str(ceil(known.retry_after_s * 1000)).encode()))
    if isinstance(known, WrongMethod):
        headers.append((b"allow", b"POST"))
    if isinstance(known, WrongMedia):
        headers.append((b"accept-encoding", b"identity"))  # RFC 9110, 15.5.16
    if known.http == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return known.http, msgspec.json.encode({"error": str(known)}), headers


async def respond(send: Send, status: int, body: bytes, headers: Pairs) -> None:
    """Send a whole response."""
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def check_json(headers: Headers) -> None:
    """Refuse a body that says it is not JSON.

    Raises:
        WrongMedia: another content type.
    """
    kind = headers.get(b"content-type", JSON[1])
    if kind != JSON[1] and kind.partition(b";")[0].strip().lower() != JSON[1]:
        said = kind.decode("latin-1")
        raise WrongMedia("content-type", f"'{said}' is not read here", "send application/json")


def check_plain(headers: Headers) -> None:
    """Refuse a compressed body: a kilobyte of it may hold a gigabyte.

    Raises:
        WrongMedia: another content coding than identity.
    """
    coding = headers.get(b"content-encoding", b"identity")
    if coding.lower() != b"identity":
        said = coding.decode("latin-1")
        raise WrongMedia("content-encoding", f"'{said}' is not read here", "send the body uncompressed")


def _too_large(limit: int) -> TooLarge:
    return TooLarge("body", f"more than {limit} bytes", "send fewer texts at once (serve.max_bytes)")
