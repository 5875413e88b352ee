"""The gRPC API: the Open Inference Protocol v2 and the standard health check, on the same engine as REST.

The methods are registered by hand from the generated messages, so no generated service code ties us to
one grpcio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from trimtab.serve.protocol import open_inference_pb2 as pb
from trimtab.serve.refusal import Malformed, Overloaded, Refusal, failed
from trimtab.serve.service import Service
from trimtab.serve.tensors import (
    DATATYPES,
    DEFAULT_OUTPUTS,
    INPUT,
    as_text,
    check_output,
    check_shape,
    output_raw,
    output_shape,
    unpack_texts,
)
from trimtab.serve.ticket import Ticket

SERVICE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
OPEN = frozenset({"ServerLive", "ServerReady", "Check"})
"""Answered without a token, like /v2/health/ over REST."""
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""grpc.health.v1.HealthCheckResponse, whose one field is the status."""

Answer = Callable[[Any, float], Awaitable[Any]]


class Rpc:
    """The methods of the two services."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._labels = [label.encode() for label in service.engine.bundle.labels]

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """What a grpc.aio server needs to answer both services."""
        methods: dict[str, Answer] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
        }
        inference = {
            name: grpc.unary_unary_rpc_method_handler(
                self._guarded(name, _parsing(getattr(pb, f"{name}Request"), answer)),
                response_serializer=getattr(pb, f"{name}Response").SerializeToString,
            )
            for name, answer in methods.items()
        }
        check = {"Check": grpc.unary_unary_rpc_method_handler(self._guarded("Check", self._check))}
        return [
            grpc.method_handlers_generic_handler(SERVICE, inference),
            grpc.method_handlers_generic_handler(HEALTH, check),
        ]

    def _guarded(self, name: str, answer: Answer) -> Callable[[Any, Any], Awaitable[Any]]:
        """The method with its token checked, its refusals told and its requests counted."""
        service = self._service

        async def method(request: Any, context: Any) -> Any:
            started = perf_counter()
            code = grpc.StatusCode.OK
            try:
                if service.token is not None and name not in OPEN:
                    service.authorise(dict(context.invocation_metadata()).get("authorization"))
                response = await answer(request, started)
            except asyncio.CancelledError:  # by the client, or because its time was over
                code = grpc.StatusCode.CANCELLED
                raise
            except Exception as error:
                code, said, trailing = refused(error)
            finally:
                if name == "ModelInfer":
                    service.meter.request("grpc", code.name)
            if code is not grpc.StatusCode.OK:
                await context.abort(code, said, trailing)
            return response

        return method

    async def _live(self, request: Any, started: float) -> Any:
        del request, started
        return pb.ServerLiveResponse(live=True)

    async def _ready(self, request: Any, started: float) -> Any:
        del request, started
        return pb.ServerReadyResponse(ready=not self._service.engine.draining)

    async def _check(self, request: bytes, started: float) -> bytes:
        del request, started
        return _NOT_SERVING if self._service.engine.draining else _SERVING

    async def _model_ready(self, request: Any, started: float) -> Any:
        del started
        self._service.check_model(request.name, request.version)
        return pb.ModelReadyResponse(ready=not self._service.engine.draining)

    async def _server_metadata(self, request: Any, started: float) -> Any:
        del request, started
        return pb.ServerMetadataResponse(**self._service.server_metadata())

    async def _model_metadata(self, request: Any, started: float) -> Any:
        del started
        self._service.check_model(request.name, request.version)
        return pb.ModelMetadataResponse(**self._service.model_metadata())

    async def _infer(self, request: Any, started: float) -> Any:
        self._service.check_model(request.model_name, request.model_version)
        names = _outputs(request)
        texts, raw = _texts(request)
        ticket = await self._service.engine.submit(texts, started)
        return self._response(request, ticket, names, raw)

    def _response(self, request: Any, ticket: Ticket, names: Sequence[str], raw: bool) -> Any:
        response = pb.ModelInferResponse(
            model_name=self._service.name, model_version=self._service.version, id=request.id
        )
        for name in names:
            output = response.outputs.add(
                name=name, datatype=DATATYPES[name], shape=output_shape(name, ticket)
            )
            if raw:
                response.raw_output_contents.append(output_raw(name, ticket, self._labels))
            elif name == "label":
                output.contents.bytes_contents.extend(self._labels[at] for at in ticket.labels)
            elif name == "confidence":
                output.contents.fp32_contents.extend(ticket.confidence)
            else:
                output.contents.fp32_contents.extend(ticket.probabilities().ravel().tolist())
        return response


def _parsing(kind: type[Message], answer: Answer) -> Answer:
    """`answer`, for a message still in bytes: gRPC calls torn ones INTERNAL, and no one counts them."""

    async def method(raw: bytes, started: float) -> Any:
        try:
            request = kind.FromString(raw)
        except DecodeError as error:
            raise Malformed("message", f"not a {kind.__name__}", "send it as the .proto says") from error
        return await answer(request, started)

    return method


def refused(error: Exception) -> tuple[grpc.StatusCode, str, tuple[tuple[str, str], ...]]:
    """Status, message and trailing metadata that tell the client why there is no answer.

    `grpc-retry-pushback-ms` is what gRPC's own retry policy obeys (gRFC A6); `retry-after-ms` is for people.
    """
    known = error if isinstance(error, Refusal) else failed("server", error)
    trailing: tuple[tuple[str, str], ...] = ()
    if isinstance(known, Overloaded):
        wait = str(ceil(known.retry_after_s * 1000))
        trailing = (("retry-after-ms", wait), ("grpc-retry-pushback-ms", wait))
    return grpc.StatusCode[known.grpc], str(known), trailing


def _outputs(request: Any) -> list[str]:
    """The outputs asked for, each once: a name repeated ten thousand times must not repeat its answer."""
    names = list(dict.fromkeys(output.name for output in request.outputs))
    for name in names:
        check_output(name)
    return names or list(DEFAULT_OUTPUTS)


def _texts(request: Any) -> tuple[list[str], bool]:
    """The texts, and whether they came as raw bytes."""
    if len(request.inputs) != 1 or request.inputs[0].name != INPUT:
        raise Malformed("inputs", "not one tensor 'text'", "send one input named 'text', datatype BYTES")
    tensor = request.inputs[0]
    if tensor.datatype != "BYTES":
        raise Malformed(f"input '{INPUT}'", f"datatype '{tensor.datatype}'", "send BYTES")
    raw = len(request.raw_input_contents) > 0
    if raw and (len(request.raw_input_contents) != 1 or tensor.HasField("contents")):
        raise Malformed("raw_input_contents", "not one entry for the one input", "send raw bytes or contents")
    if raw:
        texts = unpack_texts(request.raw_input_contents[0])
    else:
        texts = [as_text(text) for text in tensor.contents.bytes_contents]
    check_shape(tensor.shape, len(texts))
    return texts, raw
