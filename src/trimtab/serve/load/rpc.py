"""A gRPC client of the Open Inference Protocol v2, with requests serialised in advance."""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack

import grpc

from trimtab.serve.load.pace import Answer, Ask
from trimtab.serve.load.result import Plan
from trimtab.serve.protocol import open_inference_pb2 as pb
from trimtab.serve.refusal import Draining
from trimtab.serve.tensors import INPUT, pack_texts, unpack_texts

METHOD = "/inference.GRPCInferenceService/ModelInfer"
MOST_CHANNELS = 8


def grpc_clients(plan: Plan) -> list[Ask]:
    """One client for each unit of concurrency, over at most `MOST_CHANNELS` connections."""
    requests = [_request(plan, text) for text in plan.texts]
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [
        grpc.aio.insecure_channel(plan.url.removeprefix("http://"), options)
        for _ in range(min(plan.concurrency, MOST_CHANNELS))
    ]
    metadata = (("authorization", f"Bearer {plan.token}"),) if plan.token else ()
    calls = [channel.unary_unary(METHOD, None, pb.ModelInferResponse.FromString) for channel in channels]
    return [
        _client(calls[at % len(calls)], requests, metadata, plan.answers) for at in range(plan.concurrency)
    ]


def _client(
    call: Callable[..., grpc.aio.UnaryUnaryCall],
    requests: list[bytes],
    metadata: tuple[tuple[str, str], ...],
    answers: bool,
) -> Ask:
    async def ask(number: int) -> Answer:
        try:
            response = await call(requests[number], metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if _is_gone(error):
                raise ConnectionError(error.details()) from error
            return error.code().name, None, None
        if not answers:
            return "OK", None, None
        label, confidence = response.raw_output_contents
        return "OK", unpack_texts(label)[0], unpack("<f", confidence)[0]

    return ask


def _is_gone(error: grpc.aio.AioRpcError) -> bool:
    """Whether gRPC itself says UNAVAILABLE, of a server it does not reach; ours says so while it drains."""
    said = error.details() or ""
    return error.code() is grpc.StatusCode.UNAVAILABLE and not said.startswith(f"{Draining().place}: ")


def _request(plan: Plan, text: str) -> bytes:
    request = pb.ModelInferRequest(model_name=plan.model)
    request.inputs.add(name=INPUT, datatype="BYTES", shape=[1])
    request.raw_input_contents.append(pack_texts([text.encode()]))
    serialised: bytes = request.SerializeToString()
    return serialised
