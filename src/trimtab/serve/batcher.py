"""Worker threads that take what waits: batching without a timer.

A worker that becomes free takes a share of the rows that wait, at most `batch_tokens` tokens: one in
2 * workers of them, so that all workers have work and none holds many answers back (factoring; Hummel,
Schonberg & Flynn, 1992). An idle server therefore answers at once, and a busy one batches by itself. Rows
leave in the order they came and are sorted by length only inside a batch, so none can starve.
"""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from trimtab.runtime.base import Output, Rows

if TYPE_CHECKING:
    from trimtab.serve.ticket import Row

Run = Callable[[Rows], Output]
Done = Callable[[Sequence["Row"], "Output | Exception", float], None]


class Batcher:
    """`workers` threads that `run` rows and tell the loop `done(rows, output or error, seconds)`."""

    def __init__(
        self, run: Run, done: Done, loop: AbstractEventLoop, workers: int, batch_tokens: int
    ) -> None:
        self.workers = workers
        self._run = run
        self._done = done
        self._loop = loop
        self._batch_tokens = batch_tokens
        self._waiting: deque[Row] = deque()
        self._tokens = 0
        self._open = True
        self._heard = True
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"trimtab-{at}", daemon=True) for at in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, rows: Sequence[Row]) -> None:
        """Let rows wait for a free worker."""
        with self._changed:
            self._waiting.extend(rows)
            self._tokens += sum(len(row.tokens) for row in rows)
            self._changed.notify(len(rows))

    def close(self, finish: bool = True, patience: float | None = None) -> bool:
        """Stop the workers: once nothing waits, or, without `finish`, after what they compute now.

        False when one still computes after `patience` seconds. Without `finish` the loop hears no more.
        """
        with self._changed:
            self._open = False
            self._heard = finish
            if not finish:
                self._waiting.clear()
            self._changed.notify_all()
        end = None if patience is None else monotonic() + patience
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while batch := self._take():
            begun = perf_counter()
            output: Output | Exception
            try:
                output = self._run([row.tokens for row in batch])
            except Exception as error:  # whatever a model raises is answered, and the worker goes on
                output = error
            seconds = perf_counter() - begun
            with self._changed:
                if self._heard:  # else the loop may be gone
                    self._loop.call_soon_threadsafe(self._done, batch, output, seconds)

    def _take(self) -> list[Row]:
        """The next batch, oldest rows first; empty when closed."""
        with self._changed:
            while not self._waiting and self._open:
                self._changed.wait()
            most = min(self._batch_tokens, -(-self._tokens // (2 * self.workers)))
            batch: list[Row] = []
            taken = 0
            while self._waiting and (not batch or taken + len(self._waiting[0].tokens) <= most):
                row = self._waiting.popleft()
                taken += len(row.tokens)
                batch.append(row)
            self._tokens -= taken
        batch.sort(key=lambda row: len(row.tokens))
        return batch
