"""The request log: what serving writes, `trimtab.core.requests` reads."""

from __future__ import annotations

import asyncio
import shutil
from time import perf_counter

import numpy as np
import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.core.requests import read_requests
from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import load
from trimtab.serve.engine import Engine
from trimtab.serve.log import RequestLog
from trimtab.serve.metrics import Meter


def answer_and_log(bundle, folder, requests, segment_bytes=10**9):
    async def run():
        log = RequestLog(folder, bundle.version, bundle.labels, segment_bytes)
        engine = Engine(load(bundle.folder), ServeSpec(), 1, Meter(bundle.version), log.add)
        for texts in requests:
            await engine.submit(texts, perf_counter())
            if segment_bytes < 10**9:
                log._flush()
        engine.close()
        log.close()

    asyncio.run(run())
    return [request for _, request in read_requests(folder, {})]


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


def test_it_starts_a_new_segment_when_one_is_full(tiny, texts, tmp_path):
    rows = answer_and_log(tiny, tmp_path, [[text] for text in texts[:6]], segment_bytes=1)
    assert [row.text for row in rows] == texts[:6]
    assert len(list(tmp_path.glob("*.jsonl"))) >= 6


def test_it_never_appends_to_the_torn_line_of_a_crash(tiny, texts, tmp_path):
    answer_and_log(tiny, tmp_path, [texts[:2]])
    (torn,) = tmp_path.glob("*.jsonl")
    torn.write_bytes(torn.read_bytes()[:-5])
    assert [row.text for row in answer_and_log(tiny, tmp_path, [texts[2:3]])] == [texts[0], texts[2]]


def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write the request log"):
        RequestLog(tmp_path / "file" / "log", tiny.version, tiny.labels)


def test_it_goes_on_in_the_old_segment_when_no_new_one_can_be_made(tiny, texts, tmp_path, capsys):
    folder = tmp_path / "log"

    async def run() -> None:
        log = RequestLog(folder, tiny.version, tiny.labels, segment_bytes=1)
        engine = Engine(load(tiny.folder), ServeSpec(), 1, Meter(tiny.version), log.add)
        (segment,) = folder.iterdir()
        kept = tmp_path / segment.name
        kept.hardlink_to(segment)
        shutil.rmtree(folder)
        folder.write_text("a file stands where the folder was")
        for text in texts[:3]:
            await engine.submit([text], perf_counter())
            log._flush()
        engine.close()
        log.close()
        folder.unlink()
        folder.mkdir()
        kept.rename(folder / kept.name)

    asyncio.run(run())
    assert [request.text for _, request in read_requests(folder, {})] == texts[:3]
    assert "cannot write the request log" in capsys.readouterr().err
