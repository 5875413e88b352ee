"""Three times the sustainable rate: refusals carry a hint, and what is accepted stays quick."""

from __future__ import annotations

import concurrent.futures

import grpc
import httpx
import pytest
from slow_model import slow_model

from tiny import LABELS, tiny_tokens
from trimtab.core.bundle import write_bundle
from trimtab.core.spec import ServeSpec
from trimtab.serve.engine import waiting_bound_s
from trimtab.serve.load import drive, start_server
from trimtab.serve.protocol import open_inference_pb2 as pb

SPEC = ServeSpec(queue=32, max_texts=32)
OPTIONS = ["--queue", "32", "--max-texts", "32"]
WORKERS = 2
NOISE = 1.5
"""The load generator and whatever else runs here takes processor time that the bound does not know of."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A service whose model costs far more than a request's handling, as models do that need a queue."""
    folder = tmp_path_factory.mktemp("busy")
    model = slow_model(folder / "model", rounds=72)
    bundle = write_bundle(folder / "bundle", model, [tiny_tokens()], LABELS, {"name": "slow"})
    with start_server(bundle.folder, threads=WORKERS, options=OPTIONS) as running:
        yield running


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_accepted_requests_stay_under_the_bound_of_the_queue(busy, texts, protocol):
    url = busy.rest_url if protocol == "rest" else busy.grpc_url
    kind = {"protocol": protocol, "model": "slow"}
    sustainable = drive(url, texts, concurrency=16, seconds=2, **kind).qps
    a_text = (
        drive(url, texts, concurrency=WORKERS, seconds=2, **kind).summary()["p50_ms"] / 1000
    )  # nothing waits
    result = drive(url, texts, rate=3 * sustainable, concurrency=256, seconds=4, **kind)
    assert result.errors == 0
    assert result.refused > result.qps
    bound = waiting_bound_s(SPEC, a_text, WORKERS) * 1000
    assert result.summary()["p99_ms"] < NOISE * bound


def test_rest_refusals_say_when_to_come_back(busy):
    def ask(_):
        return httpx.post(busy.rest_url + "/predict", json={"texts": ["card"] * 16}, timeout=30)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        refused = [response for response in pool.map(ask, range(12)) if response.status_code == 429]
    assert refused
    assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
    assert "try again in" in refused[0].json()["error"]


def test_grpc_refusals_say_when_to_come_back(busy):
    request = pb.ModelInferRequest(model_name="slow")
    request.inputs.add(name="text", datatype="BYTES", shape=[16]).contents.bytes_contents.extend(
        [b"card"] * 16
    )
    with grpc.insecure_channel(busy.grpc_url.removeprefix("http://")) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        calls = [ask.future(request.SerializeToString(), timeout=30) for _ in range(12)]
        refused = [call for call in calls if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED]
        assert refused
        assert all(int(dict(call.trailing_metadata())["retry-after-ms"]) > 0 for call in refused)
