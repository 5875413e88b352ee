"""Addresses: a small store on this machine speaks as much of S3 as reading needs (HEAD, GET with a range)."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import polars as pl
import pytest

from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.core.spec import DataSpec, FormatSpec
from trimtab.data.read import read, read_rows
from trimtab.data.read_batches import read_batches

ROWS = pl.DataFrame({"text": ["a", "", None, "卡"], "label": ["x", "y", "x", "y"], "n": [1, 2, None, 4]})


class Store(BaseHTTPRequestHandler):
    """Objects by path, as `/bucket/key`."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes] = {}  # noqa: RUF012 (each fixture sets its own)

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        held = self.objects.get(self.path.partition("?")[0])
        if held is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = re.match(r"bytes=(\d+)-(\d*)$", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = min(int(asked[2]) + 1, len(held)) if asked and asked[2] else len(held)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(end - start if body else len(held)))
        self.send_header("Last-Modified", "Wed, 25 Nov 2026 00:00:00 GMT")
        self.send_header("ETag", '"1"')
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(held)}")
        self.end_headers()
        if body:
            self.wfile.write(held[start:end])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """Puts objects into s3://bucket/."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    Thread(target=server.serve_forever, daemon=True).start()
    Store.objects = {}
    known = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    yield lambda name, held: Store.objects.__setitem__(f"/bucket/{name}", held)
    server.shutdown()
    server.server_close()


def test_it_reads_every_kind_of_file_from_an_address(bucket, tmp_path):
    ROWS.write_parquet(tmp_path / "t.parquet")
    ROWS.write_ipc(tmp_path / "t.arrow")
    for name in ("t.parquet", "t.arrow"):
        bucket(name, (tmp_path / name).read_bytes())
    bucket("t.csv", ROWS.write_csv().encode())
    bucket("t.jsonl", ROWS.write_ndjson().encode())
    for name in ("t.parquet", "t.arrow", "t.csv", "t.jsonl"):
        assert read_rows(f"s3://bucket/{name}").columns.rows() == ROWS.rows(), name
    assert sum(len(batch) for batch in read_batches("s3://bucket/t.parquet", rows=3)) == 4


def test_a_broken_row_at_an_address_is_named_by_its_line(bucket):
    bucket("t.csv", b"text,label\na,x\nb\n")
    with pytest.raises(DataError, match=r"s3://bucket/t.csv:3: the row has 1 field"):
        read("s3://bucket/t.csv", DataSpec(train="s3://bucket/t.csv"), "")
    assert len(read_rows("s3://bucket/t.csv", FormatSpec(bad_rows=0.5))) == 1


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_an_object_that_is_not_there_is_an_error_of_the_environment(bucket, name):
    with pytest.raises(EnvironmentFault, match=rf"s3://bucket/{name}: cannot be fetched .*check the address"):
        read_rows(f"s3://bucket/{name}")
