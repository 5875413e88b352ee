"""Runs both APIs in one process until it is told to stop; what was accepted is answered first."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import uvicorn

from trimtab.core import machine
from trimtab.core.errors import EnvironmentFault
from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import Predictor, load
from trimtab.serve.access import TOKEN, address
from trimtab.serve.connection import Connection
from trimtab.serve.engine import Engine
from trimtab.serve.log import RequestLog
from trimtab.serve.metrics import Meter
from trimtab.serve.pages import make_pages
from trimtab.serve.rest import Rest
from trimtab.serve.rpc import Rpc
from trimtab.serve.segments import SegmentWriter
from trimtab.serve.service import Service

LINGER_SECONDS = 0.25
"""After the last accepted request is answered, requests still in the sockets get their 503 for this long."""
CLOSING_SECONDS = 1.0
"""After the deadline of a drain, what is left has this long to end: sockets first, then worker threads."""


@dataclass(frozen=True)
class Listening:
    """Where a running service listens, and what it serves."""

    host: str
    rest: int
    grpc: int
    version: str
    name: str

    @property
    def rest_url(self) -> str:
        """The REST API's address."""
        return f"http://{address(self.host, self.rest)}"

    @property
    def grpc_target(self) -> str:
        """The gRPC API's address."""
        return address(self.host, self.grpc)


def serve(
    bundle_folder: Path,
    spec: ServeSpec,
    log_folder: Path | None = None,
    ready: Callable[[Listening], None] | None = None,
    threads: int | None = None,
) -> int:
    """Serve a bundle until SIGTERM or SIGINT; `ready` is called once both APIs answer.

    `threads` worker threads compute costly stages (by default one for each processor). Returns 0 when
    every accepted request was answered, 1 when `spec.drain` seconds were not enough. A worker that cannot
    be stopped ends the process (with 1) instead.

    Raises:
        BundleError: the bundle is missing or damaged.
        EnvironmentFault: a port is in use, or the request log cannot be written.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight with the workers
    predictor = load(bundle_folder)
    loop_factory = None
    if sys.platform != "win32":
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_serve(predictor, spec, log_folder, ready, threads or machine.threads()))


async def _serve(
    predictor: Predictor,
    spec: ServeSpec,
    log_folder: Path | None,
    ready: Callable[[Listening], None] | None,
    threads: int,
) -> int:
    bundle = predictor.bundle
    meter = Meter(bundle.version)
    with _listen(spec.host, spec.rest, "serve.rest") as sock, _log(log_folder, predictor, spec, meter) as log:
        engine = Engine(predictor, spec, threads, meter, log.add if log else None)
        meter.waiting = lambda: engine.waiting
        service = Service(engine, meter, os.environ.get(TOKEN) or None)
        stop = _stop_event()
        rpc, port = await _start_rpc(service, spec)
        web = _Web(_web_config(service))
        serving = asyncio.create_task(web.serve(sockets=[sock]))
        gc.collect()
        gc.freeze()  # the model and the libraries never become garbage: do not walk them again
        if ready is not None:
            ready(Listening(spec.host, sock.getsockname()[1], port, bundle.version, service.name))
        await stop.wait()
        drained = await _drain(engine, web, serving, rpc)
        ended = engine.close(CLOSING_SECONDS)
    if not ended:
        sys.stderr.flush()
        os._exit(1)  # an interpreter that ends while a thread is inside ONNX Runtime may crash
    return 0 if drained else 1


async def _drain(engine: Engine, web: _Web, serving: asyncio.Task[None], rpc: grpc.aio.Server) -> bool:
    """Answer what was accepted and close the sockets, all before one deadline; false when it was missed."""
    now = asyncio.get_running_loop().time
    deadline = now() + engine.spec.drain
    drained = await engine.drain(deadline)
    await asyncio.sleep(LINGER_SECONDS)
    left = max(CLOSING_SECONDS, deadline - now())
    web.config.timeout_graceful_shutdown = left  # type: ignore[assignment]  # asyncio takes fractions
    web.should_exit = True
    await asyncio.gather(serving, rpc.stop(left))
    if cancelled := web.server_state.tasks:  # half a request each: they get their 503
        await asyncio.wait(cancelled, timeout=CLOSING_SECONDS)
    return drained


class _Web(uvicorn.Server):
    """uvicorn without signal handlers of its own: stopping is decided here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _web_config(service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        Rest(service, make_pages(service)),
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=75,
    )


async def _start_rpc(service: Service, spec: ServeSpec) -> tuple[grpc.aio.Server, int]:
    """A started gRPC server and its port."""
    with _listen(spec.host, spec.grpc, "serve.grpc"):
        pass  # gRPC itself would only write to stderr and share the port with another process
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", spec.max_bytes)]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers(Rpc(service).handlers())
    try:
        port = server.add_insecure_port(address(spec.host, spec.grpc))
    except RuntimeError as error:
        raise _in_use(spec.host, spec.grpc, "serve.grpc", str(error)) from error
    await server.start()
    return server, port


@contextlib.contextmanager
def _log(
    folder: Path | None, predictor: Predictor, spec: ServeSpec, meter: Meter
) -> Iterator[RequestLog | None]:
    if folder is None:
        yield None
        return
    written = SegmentWriter(folder, spec.log_size, spec.log_age)
    log = RequestLog(written, predictor.bundle.version, predictor.bundle.labels)
    meter.unlogged = lambda: log.dropped
    try:
        yield log
    finally:
        log.close()


def _listen(host: str, port: int, place: str) -> socket.socket:
    """A listening socket.

    Raises:
        EnvironmentFault: the port is taken, or the host is not this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise _in_use(host, port, place, error.strerror or str(error)) from error


def _in_use(host: str, port: int, place: str, problem: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"{place}: {address(host, port)}",
        f"cannot listen ({problem})",
        "stop what uses the port, or choose another; 0 is any",
    )


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
