"""The REST API, asked over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import zlib
from struct import pack

import httpx
import numpy as np
import pytest

from tiny import LABELS
from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import load
from trimtab.serve.engine import Engine
from trimtab.serve.load import start_server
from trimtab.serve.metrics import Meter
from trimtab.serve.pages import make_pages
from trimtab.serve.service import Service
from trimtab.serve.tensors import pack_texts, unpack_texts
from until import HANGS

TEXTS = ["i lost my card", "send money", "cash at the atm"]


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.rest_url) as opened:
        yield opened


def infer_body(texts=TEXTS, **more):
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}
    return {"id": "42", "inputs": [tensor], **more}


def test_predict_answers_as_the_loaded_bundle_does(client, tiny, server):
    said = client.post("/predict", json={"texts": TEXTS}).json()
    predictor = load(tiny.folder)
    assert [row["label"] for row in said["predictions"]] == predictor.predict(TEXTS)
    expected = predictor.predict_proba(TEXTS).max(axis=1)
    assert (
        np.array([row["confidence"] for row in said["predictions"]], np.float32).tolist() == expected.tolist()
    )
    assert said["model"] == tiny.version == server.version


def test_infer_answers_json_with_json(client, tiny):
    said = client.post("/v2/models/tiny/infer", json=infer_body()).json()
    assert (said["model_name"], said["model_version"], said["id"]) == ("tiny", tiny.version, "42")
    assert [output["name"] for output in said["outputs"]] == ["label", "confidence"]
    assert said["outputs"][0]["data"] == load(tiny.folder).predict(TEXTS)


def test_infer_gives_probabilities_to_who_asks(client, tiny):
    body = infer_body(outputs=[{"name": "probabilities"}])
    (output,) = client.post(f"/v2/models/tiny/versions/{tiny.version}/infer", json=body).json()["outputs"]
    assert output["shape"] == [3, len(LABELS)]
    assert np.reshape(output["data"], (3, -1)).sum(axis=1) == pytest.approx(1)


def binary_request(texts=TEXTS, shape=None):
    raw = pack_texts([text.encode() for text in texts])
    tensor = {
        "name": "text",
        "datatype": "BYTES",
        "shape": shape or [len(texts)],
        "parameters": {"binary_data_size": len(raw)},
    }
    outputs = [
        {"name": "label", "parameters": {"binary_data": True}},
        {"name": "confidence", "parameters": {"binary_data": True}},
    ]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
    return head + raw, {"Inference-Header-Content-Length": str(len(head))}


def test_infer_answers_the_binary_form_with_bytes(client, tiny):
    body, headers = binary_request()
    response = client.post("/v2/models/tiny/infer", content=body, headers=headers)
    size = int(response.headers["Inference-Header-Content-Length"])
    labels, confidence = json.loads(response.content[:size])["outputs"]
    split = size + labels["parameters"]["binary_data_size"]
    assert unpack_texts(response.content[size:split]) == load(tiny.folder).predict(TEXTS)
    assert len(np.frombuffer(response.content[split:], "<f4")) == 3 == confidence["shape"][0]


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/models/tiny", "/v2/models/tiny/ready", "/v2/health/ready", "/v2/health/live"]
)
def test_it_tells_its_state(client, path):
    assert client.get(path).status_code == 200


def test_model_metadata_names_inputs_and_outputs(client, tiny):
    said = client.get("/v2/models/tiny").json()
    assert said["versions"] == [tiny.version]
    assert said["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert [output["name"] for output in said["outputs"]] == ["label", "confidence", "probabilities"]


def test_its_description_is_built_once(tiny):
    async def both():
        meter = Meter(tiny.version)
        engine = Engine(load(tiny.folder), ServeSpec(), 1, meter)
        pages = make_pages(Service(engine, meter))
        engine.close(1)
        return pages.openapi(), pages.openapi()

    first, second = asyncio.run(both())
    assert first is second


def test_metrics_count_by_version_code_and_stage(client, tiny):
    client.post("/predict", json={"texts": TEXTS})
    client.post("/predict", json={"texts": []})
    page = client.get("/metrics").text
    assert f'trimtab_requests_total{{code="200",protocol="rest",version="{tiny.version}"}}' in page
    assert f'trimtab_errors_total{{code="422",protocol="rest",version="{tiny.version}"}}' in page
    assert f'trimtab_answers_total{{stage="0",version="{tiny.version}"}}' in page
    for family in ("trimtab_latency_seconds_bucket", "trimtab_batch_rows_bucket", "trimtab_waiting"):
        assert family in page


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"{"),
        (400, b'{"texts": ["\xff"]}'),
        (400, b"[]"),
        (400, b'{"texts": "card"}'),
        (422, b'{"texts": []}'),
        (422, b'{"texts": [" "]}'),
        (400, b'{"texts": ["card"], "more": 1}'),
        (422, json.dumps({"texts": ["card"] * 129}).encode()),
        (413, b" " * 1_000_001),
    ],
)
def test_predict_refuses_what_it_cannot_answer(client, status, body):
    response = client.post("/predict", content=body)
    assert response.status_code == status
    assert list(response.json()) == ["error"]


def test_a_long_text_is_answered_as_its_beginning(client):
    long, short = (client.post("/predict", json={"texts": ["lost card " * times]}) for times in (90_000, 16))
    assert long.status_code == 200
    assert long.json() == short.json()


def test_a_body_of_unknown_length_is_refused_when_it_grows_too_large(client):
    response = client.post("/predict", content=(b" " * 100_000 for _ in range(11)))
    assert response.status_code == 413


def torn_binary():
    body, headers = binary_request()
    return body[:-2], headers


def both_forms():
    body, headers = binary_request()
    size = int(headers["Inference-Header-Content-Length"])
    head = json.loads(body[:size])
    head["inputs"][0]["data"] = TEXTS
    encoded = json.dumps(head).encode()
    return encoded + body[size:], {"Inference-Header-Content-Length": str(len(encoded))}


def json_and_more():
    head = json.dumps(infer_body()).encode()
    return head + b"more", {"Inference-Header-Content-Length": str(len(head))}


def tensor_request(shape, data, **more):
    tensor = {"name": "text", "datatype": "BYTES", "shape": shape, "data": data, **more}
    return json.dumps({"inputs": [tensor]}).encode(), {}


def outputs_request(*names):
    return json.dumps(infer_body(outputs=[{"name": name} for name in names])).encode(), {}


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, (json.dumps({"inputs": []}).encode(), {})),
        (400, (json.dumps({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1]}]}).encode(), {})),
        (400, torn_binary()),
        (400, binary_request(shape=[4])),
        (400, both_forms()),
        (400, json_and_more()),
        (400, tensor_request([7], TEXTS)),
        (400, tensor_request([0], TEXTS)),
        (400, tensor_request([], TEXTS[:1])),
        (400, tensor_request([-3], TEXTS)),
        (400, tensor_request([1] * 9, TEXTS[:1])),
        (400, tensor_request([2, 2], [["card", "cash"], ["card"]])),
        (400, tensor_request([2], [["card"], ["cash"]])),
        (400, tensor_request([2, 1], [["card"], "cash"])),
        (400, tensor_request([2], ["card", 7])),
        (400, tensor_request([1], ["card"], datatype="FP32")),
        (400, tensor_request([1], ["card"], parameters={"binary_data_size": 8})),
        (400, outputs_request("label", "other")),
        (422, tensor_request([0], [])),
        (422, tensor_request([1], [" "])),
        (400, (b"{}", {"Inference-Header-Content-Length": "99"})),
        (400, (b"{}", {"Inference-Header-Content-Length": "-1"})),
    ],
)
def test_infer_refuses_what_it_cannot_answer(client, status, request_):
    body, headers = request_
    response = client.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert response.status_code == status
    assert list(response.json()) == ["error"]


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([3], TEXTS),
        ([3, 1], TEXTS),
        ([3, 1], [[text] for text in TEXTS]),
        ([1, 3], [TEXTS]),
        ([1, 3, 1], [[[text] for text in TEXTS]]),
    ],
)
def test_infer_reads_data_flat_or_nested_in_row_major_order(client, tiny, shape, data):
    body, _ = tensor_request(shape, data)
    outputs = client.post("/v2/models/tiny/infer", content=body).json()["outputs"]
    assert outputs[0]["data"] == load(tiny.folder).predict(TEXTS)
    assert outputs[0]["shape"] == [3]


def test_infer_says_what_is_wrong_with_a_shape(client):
    body, _ = tensor_request([7], TEXTS)
    said = client.post("/v2/models/tiny/infer", content=body).json()["error"]
    assert said == "input 'text': shape [7] for 3 texts; send shape [3]"


def test_infer_answers_an_output_asked_for_twice_once(client):
    body, _ = outputs_request("label", "label", "confidence")
    outputs = client.post("/v2/models/tiny/infer", content=body).json()["outputs"]
    assert [output["name"] for output in outputs] == ["label", "confidence"]


def test_infer_refuses_a_tensor_torn_inside(client):
    raw = pack("<I", 9) + b"card"
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    assert client.post("/v2/models/tiny/infer", content=head + raw, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/nowhere"),
        (404, "POST", "/v2/models/other/infer"),
        (404, "POST", "/v2/models/tiny/versions/0/infer"),
        (404, "GET", "/v2/models/other"),
        (405, "GET", "/predict"),
        (405, "DELETE", "/v2"),
    ],
)
def test_wrong_paths_and_methods_get_an_error_body(client, status, method, path):
    response = client.request(method, path)
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert status != 405 or "allow" in response.headers


def test_other_media_are_refused(client):
    headers = {"content-type": "text/plain"}
    assert client.post("/predict", content=b"card", headers=headers).status_code == 415


@pytest.mark.parametrize("form", ["predict", "json", "binary"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_bodies_are_refused_with_what_is_read(client, form, coding):
    body, headers = binary_request() if form == "binary" else (json.dumps(infer_body()).encode(), {})
    path = "/predict" if form == "predict" else "/v2/models/tiny/infer"
    packed = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    response = client.post(path, content=packed, headers=headers | {"content-encoding": coding})
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert f"'{coding}' is not read here; send the body uncompressed" in response.json()["error"]


HEAD = b"POST /predict HTTP/1.1\r\nHost: here\r\n"
BODY = HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"


@pytest.mark.parametrize("size", [600_000, 2_000_000])  # a first read may hold 256 KB, uncounted
@pytest.mark.parametrize(
    "start",
    [HEAD + b"X-Long: ", BODY + b"0\r\nX-Long: ", BODY + b"1;long="],
    ids=["header", "trailer", "extension of a chunk"],
)
def test_what_goes_on_without_end_is_refused(server, start, size):
    host, _, port = server.rest_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=HANGS) as client:
        client.sendall(start)
        said = b""
        with contextlib.suppress(ConnectionError):  # it closes while the rest is on its way
            client.sendall(b"a" * size)
        with contextlib.suppress(ConnectionError):
            said = client.recv(4096)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


def test_long_heads_and_bodies_in_one_connection_are_read(client):
    for _ in range(3):
        response = client.post(
            "/predict", json={"texts": [*TEXTS, "card " * 3000]}, headers={"x": "a" * 60_000}
        )
        assert response.status_code == 200


def test_a_chunked_body_is_as_limited_as_any_other(tiny):
    with (
        start_server(tiny.folder, options=["--max-bytes", "100"]) as small,
        httpx.Client(base_url=small.rest_url) as client,
    ):
        body = json.dumps({"texts": ["card " * 50]}).encode()
        assert client.post("/predict", content=iter([body])).status_code == 413
        assert client.post("/predict", json={"texts": TEXTS}).status_code == 200


def test_a_token_guards_all_but_health(tiny):
    with (
        start_server(tiny.folder, token="secret") as guarded,
        httpx.Client(base_url=guarded.rest_url) as client,
    ):
        body = {"texts": TEXTS}
        assert client.post("/predict", json=body).status_code == 401
        assert (
            client.post("/predict", json=body, headers={"Authorization": "Bearer wrong"}).status_code == 401
        )
        assert (
            client.post("/predict", json=body, headers={"Authorization": "Bearer secret"}).status_code == 200
        )
        assert (
            client.post("/predict", json=body, headers={"Authorization": "bearer secret"}).status_code == 200
        )
        assert client.get("/metrics").status_code == 401
        assert client.get("/v2/health/ready").status_code == 200
