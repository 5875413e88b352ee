"""The load generator: two loops, honest clocks."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.runtime.predict import load
from trimtab.serve.load import LoadResult, drive, start_server


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_the_closed_loop_keeps_every_client_busy(server, texts, protocol):
    url = server.rest_url if protocol == "rest" else server.grpc_url
    result = drive(url, texts, concurrency=8, seconds=1, protocol=protocol, model="tiny")
    assert result.errors == result.refused == 0
    assert result.qps > 50
    assert len(result.latencies_ms) == len(result.replies)


def test_the_open_loop_sends_at_its_rate(server, texts):
    result = drive(server.rest_url, texts, rate=200, concurrency=16, seconds=1)
    assert len(result.replies) == 200
    assert np.diff([reply.due for reply in result.replies]) == pytest.approx(1 / 200)
    assert result.errors == 0


def test_the_open_loop_counts_the_wait_for_a_connection(slow, texts):
    with start_server(slow.folder, threads=1) as server:
        alone = drive(server.rest_url, texts, concurrency=1, requests=30)
        # far more than it can do, so that requests wait even if the machine is twice as fast by then
        queued = drive(server.rest_url, texts, rate=8 * alone.qps, concurrency=1, seconds=2)
    assert queued.summary()["p99_ms"] > 10 * alone.summary()["p50_ms"]


def test_it_stops_after_the_requests_asked_for(server, texts):
    assert len(drive(server.rest_url, texts, concurrency=4, requests=100).replies) == 100


def test_it_measures_accuracy_on_the_answers(server, tiny, texts):
    truth = load(tiny.folder).predict(texts)
    result = drive(server.rest_url, texts, concurrency=4, requests=len(texts), answers=True)
    assert result.accuracy(truth) == 1.0


def test_errors_are_counted_and_never_timed(server, texts):
    result = drive(server.rest_url, texts, concurrency=2, requests=10, path="/nowhere")
    assert (result.errors, len(result.latencies_ms), result.summary()["p50_ms"]) == (10, 0, None)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_a_service_that_is_not_there_is_an_error_for_each_request(texts, protocol):
    result = drive("http://127.0.0.1:9", texts, concurrency=2, requests=4, protocol=protocol)
    assert (result.errors, result.refused) == (4, 0)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_it_shows_its_token(tiny, texts, protocol):
    with start_server(tiny.folder, token="secret") as guarded:
        url = guarded.rest_url if protocol == "rest" else guarded.grpc_url
        plan = {"protocol": protocol, "model": "tiny", "concurrency": 2, "requests": 4}
        assert drive(url, texts, token="secret", **plan).errors == 0
        assert drive(url, texts, **plan).errors == 4


def test_raw_replies_survive_the_disk(server, texts, tmp_path):
    result = drive(server.rest_url, texts, raw=tmp_path / "raw.jsonl", concurrency=2, requests=20)
    assert LoadResult.read(tmp_path / "raw.jsonl") == result


def test_the_command_prints_a_summary(server, tmp_path):
    (tmp_path / "texts.txt").write_text("lost card\nsend money\n")
    command = [sys.executable, "-m", "trimtab.serve.load", "--url", server.rest_url, "--requests", "50"]
    done = subprocess.run(
        [*command, "--texts", str(tmp_path / "texts.txt")], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert list(said) == [
        "qps",
        "p50_ms",
        "p99_ms",
        "p99_low_ms",
        "p99_high_ms",
        "errors",
        "refused",
        "sent",
        "seconds",
    ]
    assert said["sent"] == 50


def test_a_server_that_does_not_start_is_an_error(tmp_path):
    with (
        pytest.raises(EnvironmentFault, match="the server ended with code 3"),
        start_server(tmp_path / "none"),
    ):
        pass
