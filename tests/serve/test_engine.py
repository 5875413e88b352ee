"""The engine: batches, stages, and answers that depend on nothing but the text."""

from __future__ import annotations

import asyncio
import math
import threading
from time import perf_counter

import numpy as np
import pytest

from trimtab.core.spec import ServeSpec
from trimtab.runtime.predict import load
from trimtab.serve.engine import Engine, answered_before, waiting_bound_s
from trimtab.serve.load import drive, start_server
from trimtab.serve.metrics import Meter
from trimtab.serve.refusal import Draining, Failed, Overloaded
from until import HANGS

ONE_WORKER = ServeSpec(queue=64, max_texts=64)


def run_engine(bundle, scenario, spec=ONE_WORKER, workers=2):
    """Run `scenario(engine)` on a loop with an engine of its own."""

    async def run():
        engine = Engine(load(bundle.folder), spec, workers, Meter(bundle.version))
        try:
            return await scenario(engine)
        finally:
            engine.close()

    return asyncio.run(run())


@pytest.fixture
def cheap_student(monkeypatch):
    """A student is cheap enough for the loop, however slow this machine happens to be."""
    monkeypatch.setattr("trimtab.serve.engine.CHEAP_SECONDS", math.inf)


def held(engine) -> threading.Event:
    """From now on the engine's costly stage computes nothing before this event."""
    run, go = engine._pool._run, threading.Event()
    engine._pool._run = lambda rows: run(rows) if go.wait(HANGS) else 1 / 0
    return go


@pytest.mark.parametrize("kind", ["tiny", "slow", "cascade"])
def test_an_identical_request_gets_the_identical_answer_alone_and_in_company(kind, texts, request):
    bundle = request.getfixturevalue(kind)
    some = texts[:60]

    async def scenario(engine):
        alone = [(await engine.submit([text], perf_counter())).rows[0] for text in some]
        together = await asyncio.gather(*(engine.submit([text], perf_counter()) for text in some))
        whole = await engine.submit(some, perf_counter())
        return np.stack(alone), np.stack([ticket.rows[0] for ticket in together]), whole.probabilities()

    alone, together, whole = run_engine(bundle, scenario)
    assert (alone == together).all()
    assert (alone == whole).all()
    assert (alone == load(bundle.folder).predict_proba(some)).all()


def test_both_stages_of_a_cascade_answer(cascade, texts, cheap_student):
    async def scenario(engine):
        return await engine.submit(texts[:60], perf_counter())

    ticket = run_engine(cascade, scenario)
    stages = load(cascade.folder).output(texts[:60]).stage.tolist()
    assert ticket.stages == stages
    assert set(stages) == {0, 1}


def test_sure_answers_do_not_wait_for_unsure_ones(cascade, texts, cheap_student):
    stages = load(cascade.folder).output(texts).stage
    sure, unsure = (texts[int(np.flatnonzero(stages == stage)[0])] for stage in (0, 1))

    async def scenario(engine):
        go = held(engine)
        slow = [engine.submit([unsure], perf_counter()) for _ in range(20)]
        try:
            ticket = await asyncio.wait_for(engine.submit([sure], perf_counter()), HANGS / 10)
            early = sum(future.done() for future in slow)
        finally:
            go.set()
        return ticket.stages, early, [(await future).stages for future in slow]

    assert run_engine(cascade, scenario) == ([0], 0, [[1]] * 20)


def test_a_cascade_whose_student_is_costly_answers_the_same(cascade, texts, monkeypatch):
    monkeypatch.setattr("trimtab.serve.engine.CHEAP_SECONDS", 0)

    async def scenario(engine):
        return await engine.submit(texts[:60], perf_counter())

    ticket = run_engine(cascade, scenario)
    assert ticket.stages == load(cascade.folder).output(texts[:60]).stage.tolist()
    assert (ticket.probabilities() == load(cascade.folder).predict_proba(texts[:60])).all()


def test_it_refuses_early_and_says_when_to_come_back(slow):
    async def scenario(engine):
        accepted = engine.submit(["card"] * 60, perf_counter())
        with pytest.raises(Overloaded) as caught:
            engine.submit(["card"] * 5, perf_counter())
        await accepted
        await engine.submit(["card"] * 5, perf_counter())
        return caught.value.retry_after_s

    assert 0 < run_engine(slow, scenario) < 60


def test_it_answers_what_it_accepted_before_it_ends(slow):
    async def scenario(engine):
        accepted = [engine.submit(["card"], perf_counter()) for _ in range(20)]
        draining = asyncio.create_task(engine.drain(asyncio.get_running_loop().time() + HANGS))
        await asyncio.sleep(0)
        with pytest.raises(Draining):
            engine.submit(["card"], perf_counter())
        assert await draining
        return [future.done() for future in accepted]

    assert all(run_engine(slow, scenario))


def test_it_refuses_what_is_unanswered_when_the_time_to_drain_is_over(slow):
    async def scenario(engine):
        go = held(engine)
        accepted = engine.submit(["card"] * 64, perf_counter())
        try:
            drained = await engine.drain(asyncio.get_running_loop().time() + 0.005)
        finally:
            go.set()
        with pytest.raises(Draining, match="it shut down before the answer was ready"):
            await accepted
        return drained

    assert not run_engine(slow, scenario, workers=1)


def test_a_tokenizer_that_raises_fails_the_request_and_no_other(slow):
    async def scenario(engine):
        broken = engine.submit(["\ud800"], perf_counter())  # in one slice with the next
        ticket = await engine.submit(["card"], perf_counter())
        with pytest.raises(Failed):
            await broken
        return engine.waiting, ticket.labels

    assert run_engine(slow, scenario) == (0, [0])


def test_a_cascade_that_cannot_tell_what_to_keep_fails_its_rows_and_goes_on(cascade, texts, cheap_student):
    async def scenario(engine):
        keep, engine._keep = engine._keep, lambda *_: 1 / 0
        with pytest.raises(Failed):
            await engine.submit(texts[:2], perf_counter())
        engine._keep = keep
        ticket = await engine.submit(texts[:2], perf_counter())
        return engine.waiting, ticket.open_rows

    assert run_engine(cascade, scenario) == (0, 0)


def test_an_answer_that_cannot_be_noted_is_given(slow, caplog):
    async def scenario(engine):
        engine._finished = lambda *_: 1 / 0
        tickets = await asyncio.gather(*(engine.submit(["card"], perf_counter()) for _ in range(3)))
        return [ticket.labels for ticket in tickets]

    assert run_engine(slow, scenario) == [[0]] * 3
    assert caplog.messages == ["an answer could not be noted"] * 3


def test_a_model_that_raises_fails_its_rows_and_no_others(slow):
    async def scenario(engine):
        run = engine._pool._run
        engine._pool._run = lambda rows: run(rows) if len(rows[0]) == 1 else 1 / 0
        with pytest.raises(Failed):
            await engine.submit(["lost card"], perf_counter())
        ticket = await engine.submit(["card"], perf_counter())
        return engine.waiting, ticket.labels

    assert run_engine(slow, scenario) == (0, [0])


def test_the_bound_is_that_of_the_docs():
    spec = ServeSpec(queue=256, max_texts=128)
    assert waiting_bound_s(spec, 0.0036, workers=1) == pytest.approx(256 * 0.0036)  # first come, first served
    assert waiting_bound_s(spec, 0.0036, workers=2) == pytest.approx(0.576)
    assert waiting_bound_s(ServeSpec(queue=64, max_texts=64), 0.0036, workers=2) == pytest.approx(0.144)
    assert all(
        256 <= answered_before(spec, workers) <= 1.5 * 256 + workers for workers in (1, 2, 3, 4, 8, 64)
    )


def test_no_text_is_passed_by_one_that_came_later_to_the_only_worker(slow):
    spec = ServeSpec(queue=32, max_texts=32)

    async def scenario(engine):
        """Keep the queue full; answers between accepting a text and answering it, that one included."""
        answered, before = [], []
        engine._finished = lambda ticket, _: answered.append(int(ticket.started))
        while len(answered) < 200:
            try:
                engine.submit(["card"], float(len(before)))
            except Overloaded:
                await asyncio.sleep(0)
            else:
                before.append(len(answered))
        return [place + 1 - before[number] for place, number in enumerate(answered)]

    passed = run_engine(slow, scenario, spec, workers=1)
    assert max(passed) == answered_before(spec, workers=1) == spec.queue


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_batch_is_larger_than_the_bound_allows(slow, workers):
    spec = ServeSpec(queue=32, max_texts=32)

    async def scenario(engine):
        run, sizes = engine._pool._run, []
        engine._pool._run = lambda rows: sizes.append(len(rows)) or run(rows)
        for _ in range(4):
            await asyncio.gather(*(engine.submit(["card"], perf_counter()) for _ in range(spec.queue)))
        return sizes

    sizes = run_engine(slow, scenario, spec, workers)
    assert sum(sizes) == 4 * spec.queue
    assert 1 < max(sizes) <= -(-spec.queue // (2 * workers))


def test_answers_over_the_wire_do_not_depend_on_the_load(cascade, texts):
    with start_server(cascade.folder) as server:
        once = drive(server.rest_url, texts, concurrency=1, requests=len(texts), answers=True)
        busy = drive(server.rest_url, texts, concurrency=32, requests=len(texts), answers=True)
        grpc = drive(
            server.grpc_url,
            texts,
            concurrency=16,
            requests=len(texts),
            answers=True,
            protocol="grpc",
            model="cascade",
        )

    def answers(result):
        return {reply.text: (reply.label, np.float32(reply.confidence)) for reply in result.replies}

    assert once.errors == busy.errors == grpc.errors == 0
    assert answers(once) == answers(busy) == answers(grpc)
