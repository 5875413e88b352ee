"""When requests are sent: the closed and the open loop, the same for every protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from trimtab.serve.load.result import ERROR, OK, REFUSED, LoadResult, Plan, Reply

Answer = tuple[str, str | None, float | None]
"""Code, label, confidence."""
Ask = Callable[[int], Awaitable[Answer]]
"""Sends the text of a number over one connection."""

_REFUSALS = frozenset({"429", "503", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})
_ANSWERS = frozenset({"200", "OK"})


async def run(plan: Plan, clients: list[Ask]) -> LoadResult:
    """Send the plan's requests over `clients`, one request at a time each."""
    if plan.rate is not None:
        return await _open_loop(plan, plan.rate, clients)
    replies: list[Reply] = []
    begun = perf_counter()
    await asyncio.gather(*(_closed_client(plan, ask, begun, replies) for ask in clients))
    return LoadResult(tuple(replies), perf_counter() - begun)


async def _closed_client(plan: Plan, ask: Ask, begun: float, replies: list[Reply]) -> None:
    end = begun + plan.seconds
    most = plan.requests
    while perf_counter() < end if most is None else len(replies) < most:
        number = len(replies) % len(plan.texts)
        at = perf_counter()
        reply = Reply(at - begun, 0.0, ERROR, "", number)
        replies.append(reply)
        await _one(ask, reply, at)


async def _open_loop(plan: Plan, rate: float, clients: list[Ask]) -> LoadResult:
    """Requests become due at even distances; each takes a free client or waits for one, its clock running."""
    free: asyncio.Queue[Ask] = asyncio.Queue()
    for ask in clients:
        free.put_nowait(ask)
    total = plan.requests or round(plan.seconds * rate)
    replies: list[Reply] = []
    running: set[asyncio.Task[None]] = set()
    begun = perf_counter()
    while len(replies) < total:
        due = min(total, int((perf_counter() - begun) * rate) + 1)
        for number in range(len(replies), due):
            reply = Reply(number / rate, 0.0, ERROR, "", number % len(plan.texts))
            replies.append(reply)
            task = asyncio.create_task(_when_free(free, reply, begun + number / rate))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.sleep(0.001)
    await asyncio.gather(*running)
    return LoadResult(tuple(replies), perf_counter() - begun)


async def _when_free(free: asyncio.Queue[Ask], reply: Reply, due: float) -> None:
    ask = await free.get()
    try:
        await _one(ask, reply, due)
    finally:
        free.put_nowait(ask)


async def _one(ask: Ask, reply: Reply, since: float) -> None:
    try:
        reply.code, reply.label, reply.confidence = await ask(reply.text)
    except (OSError, EOFError) as error:
        reply.code = repr(error)
        await asyncio.sleep(0.01)  # a server that is gone would otherwise be asked in a busy loop
    reply.ms = (perf_counter() - since) * 1000
    reply.state = OK if reply.code in _ANSWERS else REFUSED if reply.code in _REFUSALS else ERROR
