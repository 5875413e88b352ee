"""Runs steps over blocks of rows on a Ray cluster: the same steps, the same result as on one machine.

Blocks lie in Ray's object store as Arrow tables and move only where a step asks for it. Each step costs one
task a block: it applies the step before, and summarises for the next one. Summaries are merged in a tree, or,
for steps with keys (copies), shuffled by the hash of the keys; for steps with `together` the rows themselves
are shuffled by the hash of those columns. A task whose worker dies is run again: it depends on its
inputs alone.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, overload

import numpy as np
import polars as pl

from trimtab.core import machine
from trimtab.core.errors import EnvironmentFault
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.step import KeyedStep, Step
from trimtab.data.blocks import join, scatter

RETRIES = 5
"""How often a task is run again whose worker or node died; an error of the step itself is never retried."""
FAN_IN = 4
"""Summaries that one task merges."""
LOOPBACK = "127.0.0.2"
"""Where our own cluster talks to itself: Ray takes 127.0.0.1 for the address of the network card."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No report leaves the machine, and no hint about GPUs that nobody asked for."""
WORKER = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""A task gets one core and uses one."""


class Blocks(Sequence[Batch]):
    """Blocks that stay in the cluster; one is fetched when it is asked for."""

    def __init__(self, refs: Sequence[Any]) -> None:
        self.refs = tuple(refs)

    def __len__(self) -> int:
        return len(self.refs)

    @overload
    def __getitem__(self, at: int) -> Batch: ...
    @overload
    def __getitem__(self, at: slice) -> Blocks: ...
    def __getitem__(self, at: int | slice) -> Batch | Blocks:
        return Blocks(self.refs[at]) if isinstance(at, slice) else fetch(self.refs[at])


def connect(address: str = "") -> bool:
    """Join the cluster at `address` (`ray://host:10001`, `host:6379`), or start one on this machine's cores.

    Without an address, RAY_ADDRESS is joined if it is set. A connection that stands is kept; False says so.

    Raises:
        EnvironmentFault: Ray is not installed, or nothing answers there.
    """
    ray = _ray()
    if ray.is_initialized():
        return False
    wanted = address or os.environ.get("RAY_ADDRESS", "")
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": {"env_vars": WORKER}}
    own = {"num_cpus": machine.threads(), "include_dashboard": False, "_node_ip_address": LOOPBACK}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Ray Client connection timed out")  # it is raised too
            ray.init(address=wanted or "local", **({} if wanted else own), **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise EnvironmentFault(
            f"engine {wanted or 'ray'}",
            f"no cluster: {error}",
            "start one with `ray start --head`, or set engine: local",
        ) from error
    return True


def leave() -> None:
    """Leave the cluster; one that `connect` started ends."""
    _ray().shutdown()


def cores() -> int:
    """Cores of the cluster, at least one."""
    return max(1, int(_ray().cluster_resources().get("CPU", 1)))


def learn(steps: Iterable[Step], blocks: Sequence[Batch]) -> tuple[tuple[Step, ...], Blocks]:
    """Each step learned from the rows as the steps before it left them, and the blocks after all steps."""
    connect()
    _send_frames_as_arrow()
    held = _held(blocks)
    learned: list[Step] = []
    before: Any = None  # the last learned step, not yet applied: the next task over a block does both
    for step in steps:
        if step.together is not None and len(held) > 1:
            held, before = _regroup(_apply(before, held, _trained), step.together), None
        held, summaries = _summarise(step, before, held)
        learned.append(_finish(step, summaries))
        before = _ray().put(learned[-1])
    return tuple(learned), Blocks(_apply(before, held, _trained))


def apply(steps: Iterable[Step], blocks: Sequence[Batch]) -> Blocks:
    """Blocks after learned steps."""
    connect()
    _send_frames_as_arrow()
    held = _held(blocks)
    for step in steps:
        if step.together is not None and len(held) > 1:
            held = _regroup(held, step.together)
        held = _apply(_ray().put(step), held, _applied)
    return Blocks(held)


def fetch(refs: Any) -> Any:
    """What one reference or a list of them stands for.

    Raises:
        Exception: what the step itself raised, as if it had run here.
    """
    ray = _ray()
    try:
        return ray.get(refs)
    except ray.exceptions.RayTaskError as failure:
        raise (failure.cause or failure) from None


def _held(blocks: Sequence[Batch]) -> list[Any]:
    return list(blocks.refs) if isinstance(blocks, Blocks) else [_ray().put(block) for block in blocks]


def _apply(step: Any, held: list[Any], how: Callable[[Step, Batch], Batch]) -> list[Any]:
    return held if step is None else [_task(how).remote(step, block) for block in held]


def _regroup(held: list[Any], columns: tuple[str, ...]) -> list[Any]:
    """As many blocks, where rows with equal values in `columns` lie in one."""
    pieces = [_task(_scattered, len(held)).remote(block, columns, len(held)) for block in held]
    return [_task(_joined).remote(*share) for share in zip(*pieces, strict=True)]


def _summarise(step: Step, before: Any, held: list[Any]) -> tuple[list[Any], list[Any]]:
    if before is None:
        return held, [_task(_partial).remote(step, block) for block in held]
    pairs = [_task(_applied_and_partial, 2).remote(before, step, block) for block in held]
    return [block for block, _ in pairs], [summary for _, summary in pairs]


def _finish(step: Step, summaries: list[Any]) -> Step:
    if isinstance(step, KeyedStep) and len(summaries) > 1:
        return step.conclude(fetch(_settled_shares(step, summaries)))
    while len(summaries) > 1:
        groups = [summaries[at : at + FAN_IN] for at in range(0, len(summaries), FAN_IN)]
        summaries = [_task(_merged).remote(step, *group) if len(group) > 1 else group[0] for group in groups]
    return step.finish(fetch(summaries[0]))


def _settled_shares(step: KeyedStep, summaries: list[Any]) -> list[Any]:
    """The findings of each share of the keys. Only rows whose key stands twice are sent anywhere."""
    parts = len(summaries)
    keys = [_task(_key_shares, parts).remote(step, summary, parts) for summary in summaries]
    repeated = [_task(_repeated).remote(*share) for share in zip(*keys, strict=True)]
    rows = [_task(_picked, parts).remote(step, summary, *repeated) for summary in summaries]
    return [_task(_settled).remote(step, *share) for share in zip(*rows, strict=True)]


def _applied(step: Step, block: Batch) -> Batch:
    return step(block)


def _trained(step: Step, block: Batch) -> Batch:
    return step.on_train(block)


def _scattered(block: Batch, columns: tuple[str, ...], parts: int) -> list[Batch]:
    return scatter(block, columns, parts)


def _joined(*pieces: Batch) -> Batch:
    return join(pieces)


def _partial(step: Step, block: Batch) -> Any:
    return step.partial(block)


def _applied_and_partial(before: Step, step: Step, block: Batch) -> tuple[Batch, Any]:
    after = before.on_train(block)
    return after, step.partial(after)


def _merged(step: Step, *summaries: Any) -> Any:
    """Merged in a tree, so that a summary that grows is not copied once for each of the others."""
    level = list(summaries)
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [step.merge(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def _key_shares(step: KeyedStep, summary: Any, parts: int) -> list[np.ndarray]:
    """The keys (keys,) of each share; a key that several rows hold stands twice, which says enough."""
    _, keys = step.keys(summary)
    values, rows = np.unique(keys, return_counts=True)
    twice = np.concatenate((values, values[rows > 1]))
    return [twice[twice % np.uint64(parts) == part] for part in range(parts)]


def _repeated(*keys: np.ndarray) -> np.ndarray:
    """The keys that more than one row holds, sorted."""
    values, rows = np.unique(np.concatenate(keys), return_counts=True)
    return values[rows > 1]


def _picked(step: KeyedStep, summary: Any, *repeated: np.ndarray) -> list[Any]:
    """For each share, the summary of the rows that hold one of its repeated keys."""
    rows, keys = step.keys(summary)
    return [step.pick(summary, np.unique(rows[np.isin(keys, share)])) for share in repeated]


def _settled(step: KeyedStep, *picked: Any) -> Any:
    return step.settle(_merged(step, *picked))


def _task(function: Callable[..., Any], returns: int = 1) -> Any:
    return _remote(function).options(num_returns=returns)


@cache
def _remote(function: Callable[..., Any]) -> Any:
    def task(*arguments: Any) -> Any:
        _send_frames_as_arrow()
        return function(*arguments)

    return _ray().remote(num_cpus=1, max_retries=RETRIES)(task)


def _send_frames_as_arrow() -> None:
    """Move frames as Arrow buffers, which a reader maps without copying: 10 times as fast as pickle.

    A `ray://` client sends its frames by its own protocol, pickled, and has no such hook.
    """
    ray = _ray()
    if not ray.util.client.ray.is_connected():
        ray.util.register_serializer(pl.DataFrame, serializer=_parts, deserializer=_frame)


def _parts(frame: pl.DataFrame) -> tuple[Any, pl.Schema, int]:
    """What is sent of a frame; Arrow cannot carry arrays without an element (a feature of no columns)."""
    hollow = [name for name, kind in frame.schema.items() if _is_hollow(kind)]
    return frame.drop(hollow).to_arrow(), frame.schema, frame.height


def _frame(parts: tuple[Any, pl.Schema, int]) -> pl.DataFrame:
    table, schema, rows = parts
    frame = pl.DataFrame(pl.from_arrow(table))
    hollow = {name: kind for name, kind in schema.items() if _is_hollow(kind)}
    if hollow:
        nothing = np.zeros((rows, 0), np.float32)
        frame = frame.with_columns(pl.Series(name, nothing, dtype=kind) for name, kind in hollow.items())
        frame = frame.select(schema.names())
    return frame if frame.schema == schema else frame.cast(schema)


def _is_hollow(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Array) and kind.size == 0


def _ray() -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    return optional("ray", "ray", "engine ray")
