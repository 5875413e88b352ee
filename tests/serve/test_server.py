"""The process: how it starts, what it loads, and how it stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace

import grpc
import httpx
import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.core.requests import read_requests
from trimtab.core.spec import ServeSpec
from trimtab.serve.load import Plan, start_server
from trimtab.serve.load.play import play
from trimtab.serve.protocol import open_inference_pb2 as pb
from trimtab.serve.server import serve
from until import HANGS, until

NEVER_READ = ("Connect", "closed", "CANCELLED")
"""How a request ends that reached the sockets when the server was already closing them."""
NOT_YET_READ = 0.1
"""Seconds before the signal in which a request may be sent and not yet read, so not accepted."""


@pytest.mark.parametrize("which", ["rest", "grpc"])
def test_a_port_in_use_is_named_with_a_remedy(tiny, which):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        spec = ServeSpec(**({"rest": 0, "grpc": 0} | {which: port}))
        with pytest.raises(
            EnvironmentFault, match=rf"serve.{which}: 127.0.0.1:{port}: cannot listen .*; stop what"
        ):
            serve(tiny.folder, spec)


def test_a_broken_bundle_ends_with_one_line(broken_bundle):
    command = [sys.executable, "-m", "trimtab.serve", str(broken_bundle), "--rest", "0", "--grpc", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANGS)
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threads", "-1"], "--threads: is -1; give at least 1"),
        (["--rest", "99999"], "--rest: is 99999; it should be less than or equal to 65535"),
        (["--queue", "0"], "--queue: is 0; it should be greater than or equal to 1"),
        (["--drain", "-1"], "--drain: is -1.0; allowed: a duration such as 15ms, 2s or 20m"),
    ],
)
def test_a_wrong_option_is_one_line(tiny, words, said):
    command = [sys.executable, "-m", "trimtab.serve", str(tiny.folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANGS)
    assert (done.returncode, done.stderr) == (2, f"error: {said}\n")


def test_it_listens_on_ipv6_too(tiny):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 ({error})")
    with start_server(tiny.folder, options=["--host", "::1"]) as server:
        assert server.rest_url.startswith("http://[::1]:")
        for url, protocol in ((server.rest_url, "rest"), (server.grpc_url, "grpc")):
            plan = Plan(url, ("lost card",), protocol, concurrency=1, requests=3, model="tiny")
            assert [reply.state for reply in play(plan).replies] == ["ok"] * 3


def test_serving_loads_no_training_code(tiny):
    script = f"""
import asyncio, sys, time
import trimtab.serve.server as server
from pathlib import Path
from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import load
from trimtab.serve.engine import Engine
from trimtab.serve.metrics import Meter

async def answer():
    engine = Engine(load(Path({str(tiny.folder)!r})), ServeSpec(), 1, Meter("v"))
    ticket = await engine.submit(["card"], time.perf_counter())
    engine.close()
    return ticket.labels

assert asyncio.run(answer()) == [0]
print([name for name in ("torch", "transformers", "sklearn", "pandas") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_sigterm_under_load_loses_no_accepted_request(slow, texts, protocol, tmp_path):
    log, stopped = tmp_path / "log", []
    with start_server(slow.folder, threads=1, options=["--log", str(log)]) as server:
        url = server.rest_url if protocol == "rest" else server.grpc_url
        plan = Plan(url, tuple(texts), protocol, concurrency=128, requests=1, answers=True, model="slow")
        warm = play(plan)  # so that the second time it starts at once

        def stop():
            server.process.send_signal(signal.SIGTERM)
            stopped.append(time.perf_counter() - begun)

        stopper = threading.Timer(2.0, stop)
        stopper.start()
        begun = time.perf_counter()
        result = play(replace(plan, requests=3000))
        stopper.join()
        assert server.process.wait(HANGS) == 0
    early = [reply for reply in result.replies if reply.due < stopped[0] - NOT_YET_READ]
    waiting = [reply for reply in early if reply.due + reply.ms / 1000 > stopped[0]]
    assert {reply.state for reply in early} == {"ok"}
    assert len(waiting) > 10
    states = Counter(reply.state for reply in (*warm.replies, *result.replies))
    assert states["ok"] == len(list(read_requests(log)))
    gone = {reply.code for reply in result.replies if reply.state == "error"}
    assert all(any(word in code for word in NEVER_READ) for code in gone), gone
    assert states["refused"] > 0


def test_while_it_drains_it_is_live_and_not_ready(slow):
    limits = ["--queue", "512", "--max-texts", "512"]  # seconds of work on any machine
    with (
        start_server(slow.folder, threads=1, options=limits) as server,
        httpx.Client(base_url=server.rest_url, timeout=HANGS) as client,
    ):
        asking = threading.Thread(target=ask_rest, args=(server, ["card"] * 512))
        asking.start()
        until_waiting(server)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: client.get("/v2/health/ready").status_code == 503)
        assert client.get("/v2/health/live").status_code == 200
        assert client.post("/predict", json={"texts": ["card"]}).status_code == 503
        asking.join()
        assert server.process.wait(HANGS) == 0


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_drain_that_takes_too_long_ends_at_its_limit_and_says_so(slow, protocol, capfd):
    limits = ["--drain", "1", "--queue", "8192", "--max-texts", "8192"]
    with start_server(slow.folder, threads=1, options=limits) as server:
        answers: list[tuple[object, str]] = []
        ask = {"rest": ask_rest, "grpc": ask_grpc}[protocol]
        asking = threading.Thread(target=lambda: answers.append(ask(server, ["card"] * 8192)))
        asking.start()
        until_waiting(server)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HANGS) == 1
        assert time.monotonic() - begun < 10
        asking.join()
    ((code, said),) = answers
    assert code in (503, grpc.StatusCode.UNAVAILABLE)
    assert "it shut down before the answer was ready; send the request to another instance" in said
    assert "Traceback" not in capfd.readouterr().err


def ask_rest(server, texts):
    response = httpx.post(server.rest_url + "/predict", json={"texts": texts}, timeout=HANGS)
    return response.status_code, response.text


def ask_grpc(server, texts):
    request = pb.ModelInferRequest(model_name=server.name)
    tensor = request.inputs.add(name="text", datatype="BYTES", shape=[len(texts)])
    tensor.contents.bytes_contents.extend(text.encode() for text in texts)
    with grpc.insecure_channel(server.grpc_url.removeprefix("http://")) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError) as caught:
            ask(request.SerializeToString(), timeout=HANGS)
    return caught.value.code(), caught.value.details()


def until_waiting(server):
    """Return once the server has accepted a text that it has not answered."""

    def waits() -> bool:
        lines = httpx.get(server.rest_url + "/metrics", timeout=HANGS).text.splitlines()
        return any(line.startswith("trimtab_waiting{") and not line.endswith(" 0.0") for line in lines)

    until(waits)


def test_half_a_request_does_not_hold_the_server_and_is_refused(tiny, capfd):
    with start_server(tiny.folder, options=["--drain", "1"]) as server:
        host, _, port = server.rest_url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=HANGS) as client:
            head = (
                b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n"
            )
            client.sendall(head + b'{"texts"')
            assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"  # it reads, and waits for the rest
            server.process.send_signal(signal.SIGTERM)
            said = b"".join(iter(lambda: client.recv(4096), b""))
        assert server.process.wait(HANGS) == 0
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"it shut down before the request was complete" in said
    assert "Traceback" not in capfd.readouterr().err
