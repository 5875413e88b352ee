"""Runs one plan in this process, over the protocol that it names."""

from __future__ import annotations

import asyncio
import sys

from trimtab.serve.load.pace import run
from trimtab.serve.load.result import LoadResult, Plan


def play(plan: Plan) -> LoadResult:
    """Drive the service; a new event loop for each plan."""
    if sys.platform == "win32":
        return asyncio.run(_drive(plan))
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(plan))


async def _drive(plan: Plan) -> LoadResult:
    if plan.protocol == "grpc":
        from trimtab.serve.load.rpc import grpc_clients

        return await run(plan, grpc_clients(plan))
    from trimtab.serve.load.http import http_clients

    clients = list(http_clients(plan))
    try:
        return await run(plan, list(clients))
    finally:
        for client in clients:
            client.close()
        await asyncio.sleep(0)  # in which the transports close
