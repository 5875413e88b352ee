"""Why a request is not answered: each cause with its HTTP status and its gRPC status."""

from __future__ import annotations

import logging
from math import ceil
from typing import ClassVar

from trimtab.core.errors import TrimtabError


class Refusal(TrimtabError):
    """A request that gets an error instead of an answer."""

    http: ClassVar[int] = 400
    grpc: ClassVar[str] = "INVALID_ARGUMENT"


class Malformed(Refusal):
    """The body is not what its form says: broken JSON, wrong type, torn tensor, a shape of another size."""


class Unauthorised(Refusal):
    """The bearer token is missing or wrong."""

    http = 401
    grpc = "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("authorization", "missing or wrong token", "send `Authorization: Bearer TOKEN`")


class Unknown(Refusal):
    """No such path, model or version."""

    http = 404
    grpc = "NOT_FOUND"


class WrongMethod(Refusal):
    """The path exists, and takes POST only."""

    http = 405
    grpc = "UNIMPLEMENTED"


class TooLarge(Refusal):
    """The body has more bytes than `serve.max_bytes`."""

    http = 413
    grpc = "RESOURCE_EXHAUSTED"  # said by gRPC's core itself, before any code of ours runs


class WrongMedia(Refusal):
    """The body is in a form the server does not read."""

    http = 415


class Invalid(Refusal):
    """Well-formed, but not texts the model can answer: none, too many, or a blank one."""

    http = 422


class Overloaded(Refusal):
    """The queue is full. `retry_after_s` is when it will probably have drained."""

    http = 429
    grpc = "RESOURCE_EXHAUSTED"

    def __init__(self, waiting: int, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            "queue", f"{waiting} texts wait already", f"try again in {ceil(retry_after_s * 1000)} ms"
        )


class Draining(Refusal):
    """The server is stopping: nothing new is accepted, and what took longer than `serve.drain` is cut."""

    http = 503
    grpc = "UNAVAILABLE"

    def __init__(self, problem: str = "it is shutting down") -> None:
        super().__init__("server", problem, "send the request to another instance")


class Failed(Refusal):
    """Something raised that should not: a defect, not the request's fault."""

    http = 500
    grpc = "INTERNAL"


def failed(place: str, error: Exception) -> Failed:
    """The refusal for an unexpected error; stderr gets its traceback, the client only its name."""
    logging.getLogger("trimtab.serve").error("%s failed", place, exc_info=error)
    return Failed(place, f"it raised {type(error).__name__}", "see the server's log")
