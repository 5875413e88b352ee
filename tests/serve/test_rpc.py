"""The gRPC API, asked over the wire."""

from __future__ import annotations

import grpc
import httpx
import numpy as np
import pytest

from trimtab.runtime.predict import load
from trimtab.serve.load import start_server
from trimtab.serve.protocol import open_inference_pb2 as pb
from trimtab.serve.tensors import pack_texts, unpack_texts
from until import HANGS, until

TEXTS = ["i lost my card", "send money", "cash at the atm"]
SERVICE = "/inference.GRPCInferenceService"


def call(channel, method, request, metadata=()):
    kind = getattr(pb, f"{method}Response")
    ask = channel.unary_unary(
        f"{SERVICE}/{method}", lambda message: message.SerializeToString(), kind.FromString
    )
    return ask(request, metadata=metadata, timeout=HANGS)


def infer_request(texts=TEXTS, raw=False, shape=None, model="tiny", outputs=(), version=""):
    request = pb.ModelInferRequest(model_name=model, model_version=version, id="42")
    tensor = request.inputs.add(name="text", datatype="BYTES", shape=shape or [len(texts)])
    encoded = [text.encode() for text in texts]
    if raw:
        request.raw_input_contents.append(pack_texts(encoded))
    else:
        tensor.contents.bytes_contents.extend(encoded)
    for name in outputs:
        request.outputs.add(name=name)
    return request


def test_contents_are_answered_with_contents(channel, tiny):
    said = call(channel, "ModelInfer", infer_request())
    label, confidence = said.outputs
    assert [text.decode() for text in label.contents.bytes_contents] == load(tiny.folder).predict(TEXTS)
    assert len(confidence.contents.fp32_contents) == 3
    assert (said.id, said.model_version) == ("42", tiny.version)


def test_raw_bytes_are_answered_with_raw_bytes(channel, tiny):
    said = call(channel, "ModelInfer", infer_request(raw=True, outputs=["label", "probabilities"]))
    assert unpack_texts(said.raw_output_contents[0]) == load(tiny.folder).predict(TEXTS)
    found = np.frombuffer(said.raw_output_contents[1], "<f4").reshape(said.outputs[1].shape)
    assert found.tolist() == load(tiny.folder).predict_proba(TEXTS).tolist()


def test_it_tells_its_state(channel, tiny):
    assert call(channel, "ServerLive", pb.ServerLiveRequest()).live
    assert call(channel, "ServerReady", pb.ServerReadyRequest()).ready
    assert call(channel, "ModelReady", pb.ModelReadyRequest(name="tiny")).ready
    assert call(channel, "ServerMetadata", pb.ServerMetadataRequest()).name == "trimtab"
    said = call(channel, "ModelMetadata", pb.ModelMetadataRequest(name="tiny"))
    assert [output.name for output in said.outputs] == ["label", "confidence", "probabilities"]
    assert list(said.versions) == [tiny.version]


def test_the_standard_health_check_says_serving(channel):
    assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=HANGS) == b"\x08\x01"


def test_an_output_asked_for_twice_is_answered_once(channel):
    said = call(channel, "ModelInfer", infer_request(outputs=["label", "label"]))
    assert [output.name for output in said.outputs] == ["label"]


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("NOT_FOUND", infer_request(model="other")),
        ("NOT_FOUND", infer_request(version="0")),
        ("INVALID_ARGUMENT", infer_request(outputs=["other"])),
        ("INVALID_ARGUMENT", infer_request(texts=[])),
        ("INVALID_ARGUMENT", infer_request(texts=[" "])),
        ("INVALID_ARGUMENT", infer_request(shape=[4])),
        ("INVALID_ARGUMENT", infer_request(shape=[-3])),
        ("INVALID_ARGUMENT", infer_request(shape=[3] + [1] * 8)),
        ("INVALID_ARGUMENT", infer_request(texts=["card"] * 129)),
        ("INVALID_ARGUMENT", pb.ModelInferRequest(model_name="tiny")),
    ],
)
def test_it_refuses_what_it_cannot_answer(channel, code, request_):
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", request_)
    assert caught.value.code().name == code
    assert "; " in caught.value.details()


def raw_infer(channel, message, **options):
    return channel.unary_unary(f"{SERVICE}/ModelInfer")(message, timeout=HANGS, **options)


def test_torn_messages_are_refused_and_counted(channel, server):
    with pytest.raises(grpc.RpcError) as caught:
        raw_infer(channel, b"\x0a\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "message: not a ModelInferRequest; send it as the .proto says"
    errors = [line for line in metrics(server).splitlines() if "_errors_" in line]
    assert any('code="INVALID_ARGUMENT",protocol="grpc"' in line for line in errors)


def test_messages_that_are_too_large_are_refused_by_grpc_itself(channel):
    with pytest.raises(grpc.RpcError) as caught:
        raw_infer(channel, b" " * 1_000_001)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in caught.value.details()
    assert "retry-after-ms" not in dict(caught.value.trailing_metadata())


def test_requests_that_their_client_gave_up_are_counted(slow):
    request = infer_request(texts=["card"] * 128, model="slow").SerializeToString()
    with (
        start_server(slow.folder, threads=1) as server,
        grpc.insecure_channel(server.grpc_url.removeprefix("http://")) as channel,
    ):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(f"{SERVICE}/ModelInfer")(request, timeout=0.1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        until(lambda: 'code="CANCELLED",protocol="grpc"' in metrics(server))


def metrics(server):
    return httpx.get(server.rest_url + "/metrics").text


def test_a_token_guards_all_but_health(tiny):
    with (
        start_server(tiny.folder, token="secret") as guarded,
        grpc.insecure_channel(guarded.grpc_url.removeprefix("http://")) as channel,
    ):
        assert call(channel, "ServerReady", pb.ServerReadyRequest()).ready
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, "ModelInfer", infer_request())
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for said in ("secret", "Bearer", "Bearer secret ", "Bearer wrong"):
            with pytest.raises(grpc.RpcError) as caught:
                call(channel, "ModelInfer", infer_request(), (("authorization", said),))
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for said in ("Bearer secret", "bearer secret"):
            assert call(channel, "ModelInfer", infer_request(), (("authorization", said),)).outputs
