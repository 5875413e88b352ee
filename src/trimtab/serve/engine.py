"""One engine behind REST and gRPC: requests in, answers out, on one asyncio loop.

    submit -> arrived -> [cheap stage, on the loop] -> unsure rows -> [costly stage, worker threads] -> future

A stage that costs less than a thread hop runs on the loop itself, over all the rows that arrived
meanwhile; a costly one runs in worker threads (ONNX Runtime releases the GIL). Which is which is measured
when the engine starts. The answers of a cascade's cheap student go out at once, and never wait for the
teacher's rows; a costly student runs in the workers, with its teacher.

The queue is bounded by texts: accepted texts not yet answered, those being computed included. A request
that would overfill it is refused with a hint when to retry; a request larger than the whole queue is
accepted only by an empty one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from trimtab.core.spec import ServeSpec
from trimtab.core.texts import is_blank
from trimtab.runtime.base import Output
from trimtab.runtime.cascade import Cascade
from trimtab.runtime.predict import Predictor
from trimtab.serve.batcher import Batcher, Run
from trimtab.serve.metrics import Meter
from trimtab.serve.refusal import Draining, Invalid, Overloaded, failed
from trimtab.serve.ticket import Row, Ticket

CHEAP_SECONDS = 0.00025
"""A stage faster than this, one row alone, runs on the loop; a thread hop under load costs about as much."""
SLICE = 16
"""Rows that the cheap stage answers before the loop looks at its sockets again."""


def answered_before(spec: ServeSpec, workers: int) -> int:
    """Most texts that the costliest stage answers from accepting a text to answering it, that one included.

    At most Q = max(queue, max_texts) are unanswered when it is accepted. They leave in the order they
    came, but its batch may end after batches taken later: one of each other worker, of at most a share
    1/(2 * workers) of what waits (`Batcher`). For texts of like length.
    """
    most = max(spec.queue, spec.max_texts)
    return most + (workers - 1) * -(-most // (2 * workers))


def waiting_bound_s(spec: ServeSpec, seconds_a_text: float, workers: int) -> float:
    """Longest time from reading a request to its answer, in seconds, when the queue is full all the time.

    `workers` texts are computed at a time, so `answered_before` of them take that many times
    `seconds_a_text` / `workers`, at most about 1.5 * Q * seconds_a_text / workers. `seconds_a_text`
    is what the costliest stage takes for one text in one worker under that load.
    """
    return answered_before(spec, workers) * seconds_a_text / workers


class Engine:
    """Answers texts with one bundle; made and used on a running asyncio loop."""

    def __init__(
        self,
        predictor: Predictor,
        spec: ServeSpec,
        workers: int,
        meter: Meter,
        finished: Callable[[Ticket, float], None] | None = None,
    ) -> None:
        self.bundle = predictor.bundle
        self.spec = spec
        self.meter = meter
        self.draining = False
        self.waiting = 0
        self._rows_of = predictor.rows
        self._finished = finished
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[Ticket, int]] = deque()
        self._pumping = False
        self._unanswered: set[asyncio.Future[Ticket]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._fast, self._keep, slow = _stages(predictor)
        self._pace = (
            _seconds(slow or predictor.model, predictor) / workers
        )  # and no user pays for a first run
        self._pool = Batcher(slow, self._batch_done, self._loop, workers, spec.batch_tokens) if slow else None

    def submit(self, texts: Sequence[str], started: float) -> asyncio.Future[Ticket]:
        """Accept a request that began at `started` (perf_counter); the future gives its ticket, answered.

        Raises:
            Draining, Invalid, Overloaded: the request was not accepted.
        """
        self._admit(texts)
        n = len(texts)
        future: asyncio.Future[Ticket] = self._loop.create_future()
        ticket = Ticket(texts, started, future, n, [0] * n, [0.0] * n, [0] * n, [_NOTHING] * n)
        self.waiting += n
        self._unanswered.add(future)
        self._idle.clear()
        self._arrived.extend([(ticket, at) for at in range(n)])
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)
        return future

    async def drain(self, deadline: float) -> bool:
        """Accept nothing more, and wait for what was accepted until `deadline`, a time of the loop.

        False when some was unanswered by then: it is refused.
        """
        self.draining = True
        try:
            async with asyncio.timeout_at(deadline):
                await self._idle.wait()
        except TimeoutError:
            cut = [future for future in self._unanswered if not future.done()]
            for future in cut:
                future.set_exception(Draining("it shut down before the answer was ready"))
            return not cut
        return True

    def close(self, patience: float | None = None) -> bool:
        """Stop the workers; false when one still computes after `patience` seconds."""
        return self._pool is None or self._pool.close(self.waiting == 0, patience)

    def _admit(self, texts: Sequence[str]) -> None:
        if self.draining:
            raise Draining
        check_texts(texts, self.spec)
        if self.waiting and self.waiting + len(texts) > self.spec.queue:
            raise Overloaded(self.waiting, self.waiting * self._pace)

    def _pump(self) -> None:
        """Tokenise a slice of what arrived; answer it here if that is cheap, else pass it to workers."""
        taken = [self._arrived.popleft() for _ in range(min(SLICE, len(self._arrived)))]
        self._pumping = bool(self._arrived)
        if self._pumping:
            self._loop.call_soon(self._pump)
        rows = self._tokenised(taken)
        if self._fast is None:
            self._later(rows)
        elif rows:
            self._at_once(rows, self._fast)

    def _tokenised(self, taken: list[tuple[Ticket, int]]) -> list[Row]:
        """The rows of what arrived; a text that cannot become one fails its own request, no other."""
        try:
            tokens = self._rows_of([ticket.texts[at] for ticket, at in taken])
        except Exception as error:  # else their clients would wait for ever
            if len(taken) > 1:
                return [row for each in taken for row in self._tokenised([each])]
            self._fail(taken[0][0], failed("tokenizer", error))
            return []
        rows = []
        for (ticket, at), numbers in zip(taken, tokens, strict=True):
            if numbers:
                rows.append(Row(ticket, at, numbers))
            else:
                self._fail(ticket, Invalid(f"text {at}", "holds no token the model knows", "send words"))
        return rows

    def _at_once(self, rows: list[Row], fast: Run) -> None:
        begun = perf_counter()
        try:
            output = fast([row.tokens for row in rows])
            keep = None if self._keep is None else self._keep(output)
        except Exception as error:  # as in a worker: the model's defect is the answer of these rows alone
            self._batch_done(rows, error, perf_counter() - begun)
            return
        if keep is None:
            self._batch_done(rows, output, perf_counter() - begun)
            return
        self.meter.batches.observe(len(rows))
        self._answer(rows, output, keep)
        self._later([row for row, kept in zip(rows, keep.tolist(), strict=True) if not kept])

    def _later(self, rows: list[Row]) -> None:
        if rows and self._pool is not None:
            self._pool.put(rows)

    def _batch_done(self, rows: Sequence[Row], output: Output | Exception, seconds: float) -> None:
        workers = self._pool.workers if self._pool is not None else 1
        self._pace += 0.1 * (seconds / len(rows) / workers - self._pace)
        self.meter.batches.observe(len(rows))
        if isinstance(output, Exception):
            error = failed("model", output)
            for row in rows:
                self._fail(row.ticket, error)
            return
        self._answer(rows, output, _all_of(rows))

    def _answer(self, rows: Sequence[Row], output: Output, keep: np.ndarray) -> None:
        probabilities = output.probabilities
        labels = probabilities.argmax(axis=1).tolist()
        confidence = probabilities.max(axis=1).tolist()
        stages = output.stage.tolist()
        for number in np.flatnonzero(keep).tolist():
            ticket, at = rows[number].ticket, rows[number].at
            ticket.labels[at] = labels[number]
            ticket.confidence[at] = confidence[number]
            ticket.stages[at] = stages[number]
            ticket.rows[at] = probabilities[number]
            self._row_done(ticket)

    def _row_done(self, ticket: Ticket) -> None:
        ticket.open_rows -= 1
        self.waiting -= 1
        if ticket.open_rows == 0:
            self._unanswered.discard(ticket.future)
            self._close_ticket(ticket)
        if self.waiting == 0:
            self._idle.set()

    def _close_ticket(self, ticket: Ticket) -> None:
        if ticket.future.done():
            return
        seconds = perf_counter() - ticket.started
        try:
            self.meter.answered(ticket, seconds)
            if self._finished is not None:
                self._finished(ticket, seconds)
        except Exception:  # what fails while an answer is noted fails no request
            logging.getLogger("trimtab.serve").exception("an answer could not be noted")
        ticket.future.set_result(ticket)

    def _fail(self, ticket: Ticket, error: Exception) -> None:
        if not ticket.future.done():
            ticket.future.set_exception(error)
        self._row_done(ticket)


def check_texts(texts: Sequence[str], spec: ServeSpec) -> None:
    """Refuse what cannot be answered.

    Raises:
        Invalid: no text, too many, or one that is blank.
    """
    if not 0 < len(texts) <= spec.max_texts:
        raise Invalid("texts", f"{len(texts)} texts", f"send 1 to {spec.max_texts} (serve.max_texts)")
    for at, text in enumerate(texts):
        if is_blank(text):
            raise Invalid(f"text {at}", "is blank", "send a text with at least one visible character")


_NOTHING = np.empty(0, np.float32)


def _all_of(rows: Sequence[Row]) -> np.ndarray:
    return np.ones(len(rows), bool)


def _stages(predictor: Predictor) -> tuple[Run | None, Callable[[Output], np.ndarray] | None, Run | None]:
    """The stage that runs on the loop, which of its answers stand, and the stage that runs in workers."""
    model = predictor.model
    if isinstance(model, Cascade):
        if _seconds(model.ask_student, predictor) <= CHEAP_SECONDS:
            return model.ask_student, model.keep, model.ask_teacher
        return None, None, model
    return (model, None, None) if _seconds(model, predictor) <= CHEAP_SECONDS else (None, None, model)


def _seconds(run: Run, predictor: Predictor) -> float:
    """Least of several timings of one short row: what it costs when nothing disturbs it."""
    rows = predictor.rows(["a customer asks about the card"])
    return min(_timed(run, rows) for _ in range(7))


def _timed(run: Run, rows: list[list[int]]) -> float:
    begun = perf_counter()
    run(rows)
    return perf_counter() - begun
