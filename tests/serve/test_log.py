"""The request log: what serving writes, `trimtab.core.requests` reads."""

from __future__ import annotations

import asyncio
import shutil
from time import perf_counter

import numpy as np
import pytest

from trimtab.core.requests import read_requests
from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import load
from trimtab.serve.engine import Engine
from trimtab.serve.log import RequestLog
from trimtab.serve.metrics import Meter
from trimtab.serve.segments import SegmentWriter
from until import until


def log_of(bundle, folder, size_bytes=10**9) -> RequestLog:
    return RequestLog(SegmentWriter(folder, size_bytes, 86400), bundle.version, bundle.labels)


def answer_and_log(bundle, folder, requests):
    async def run():
        log = log_of(bundle, folder)
        engine = Engine(load(bundle.folder), ServeSpec(), 1, Meter(bundle.version), log.add)
        for texts in requests:
            await engine.submit(texts, perf_counter())
        engine.close()
        log.close()

    asyncio.run(run())
    return list(read_requests(folder))


def test_it_keeps_every_text_with_its_answer(tiny, texts, tmp_path):
    rows = answer_and_log(tiny, tmp_path, [texts[:3], texts[3:4]])
    assert [row.text for row in rows] == texts[:4]
    predictor = load(tiny.folder)
    probabilities = predictor.predict_proba(texts[:4])
    assert [row.label for row in rows] == predictor.predict(texts[:4])
    assert [row.entropy for row in rows] == pytest.approx(
        -(probabilities * np.log(probabilities)).sum(axis=1)
    )
    assert all(row.version == tiny.version and row.latency_ms > 0 and row.stage == 0 for row in rows)


def test_it_never_appends_to_the_torn_line_of_a_crash(tiny, texts, tmp_path):
    answer_and_log(tiny, tmp_path, [texts[:2]])
    (torn,) = tmp_path.glob("*.jsonl")
    torn.write_bytes(torn.read_bytes()[:-5])
    assert [row.text for row in answer_and_log(tiny, tmp_path, [texts[2:3]])] == [texts[0], texts[2]]


def test_what_cannot_be_written_is_counted_and_the_service_goes_on(tiny, texts, tmp_path, capsys):
    folder = tmp_path / "log"

    async def run() -> int:
        log = log_of(tiny, folder)
        engine = Engine(load(tiny.folder), ServeSpec(), 1, Meter(tiny.version), log.add)
        shutil.rmtree(folder)
        folder.write_text("a file stands where the folder was")
        for asked in (texts[:3], texts[3:5]):
            await engine.submit(asked, perf_counter())
            log._flush()
        folder.unlink()
        await engine.submit(texts[5:6], perf_counter())
        engine.close()
        log.close()
        return log.dropped

    assert asyncio.run(run()) == 5
    assert [request.text for request in read_requests(folder)] == [texts[5]]
    assert capsys.readouterr().err.count("cannot write the request log") == 1


def test_a_defect_while_it_writes_is_counted_and_the_next_requests_are_logged(
    tiny, texts, tmp_path, monkeypatch, caplog
):
    defects = {"requests could not be logged", "the request log could not be tidied"}

    async def run() -> int:
        log = log_of(tiny, tmp_path)
        engine = Engine(load(tiny.folder), ServeSpec(), 1, Meter(tiny.version), log.add)
        with monkeypatch.context() as broken:
            broken.setattr(log._segments, "append", lambda *_: 1 / 0)
            broken.setattr(log._segments, "tidy", lambda *_: 1 / 0)
            await engine.submit(texts[:3], perf_counter())
            await asyncio.to_thread(until, lambda: defects <= set(caplog.messages))
        await engine.submit(texts[3:4], perf_counter())
        engine.close()
        log.close()
        return log.dropped

    assert asyncio.run(run()) == 3
    assert [request.text for request in read_requests(tmp_path)] == [texts[3]]
    assert defects <= set(caplog.messages)
