"""Runs steps over blocks of rows on a Ray cluster: the same steps, the same result as on one machine.

Blocks lie in Ray's object store as Arrow tables and move only where a step asks for it; each has a node where
it is worked on, so that it travels there while the block before it is done. Each step costs one
task a block: it applies the steps before that the stored block lacks, and summarises for the next one; light
steps are applied again by each task rather than their rows stored. Summaries are merged in a tree; or,
for steps that learn column by column, sent to a task for some columns each; or, for steps with keys (copies),
shuffled by the key; for steps with `together` the rows themselves are shuffled by the hash of those columns.
A task whose worker dies is run again: it depends on its inputs alone.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, wraps
from itertools import cycle
from typing import Any, overload

from trimtab.core import machine
from trimtab.core.errors import EnvironmentFault
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.step import ColumnStep, KeyedStep, Step
from trimtab.data import engine_ray_tasks as tasks
from trimtab.data.engine_ray_frames import send_as_arrow

RETRIES = 5
"""How often a task is run again whose worker or node died; an error of the step itself is never retried."""
ASKS = 3
"""How often a `ray://` client asks for its server: forked among threads by the head, it may die at birth."""
LATE = 4
"""Light steps that a stored block may lack, each of which is done again by every task over the block."""
FAN_IN = 4
"""Summaries that one task merges."""
KEY_SHARES, COLUMN_SHARES, MOST_SHARES = 2, 8, 64
"""In how many shares keys and columns are learned, a core and at most; each is an object of each block.

Keys are hashes, so their shares are of one size; columns are not, and a core takes what is left to do.
"""
LOOPBACK = "127.0.0.2"
"""Where our own cluster talks to itself: Ray takes 127.0.0.1 for the address of the network card."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no report leaves the machine
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # no hint about GPUs that nobody asked for
    "RAY_agent_register_timeout_ms": "60000",  # 15 s are too few for a node's helpers on a busy machine
}
"""What Ray reads from the environment, where the user has not set it."""
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
            _join(wanted or "local", {**({} if wanted else own), **quiet})
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        *_, told = str(error).strip().splitlines() or [type(error).__name__]  # the head sends its traceback
        raise EnvironmentFault(
            f"engine {wanted or 'ray'}",
            f"no cluster: {told}",
            "start one with `ray start --head`, or set engine: local",
        ) from error
    return True


def _join(address: str, settings: dict[str, Any]) -> None:
    for left in reversed(range(ASKS)):
        try:
            _ray().init(address=address, **settings)
            return
        except ConnectionAbortedError:  # somebody is there, and failed: in one of several ways
            if left == 0:
                raise


def leave() -> None:
    """Leave the cluster; one that `connect` started ends."""
    _ray().shutdown()


def cores() -> int:
    """Cores of the cluster, at least one."""
    return max(1, int(_ray().cluster_resources().get("CPU", 1)))


def learn(steps: Iterable[Step], blocks: Sequence[Batch]) -> tuple[tuple[Step, ...], Blocks]:
    """Each step learned from the rows as the steps before it left them, and the blocks after all steps."""
    connect()
    send_as_arrow(_ray())
    held = _refs(blocks)
    learned: list[Step] = []
    late: list[Any] = []  # learned steps that the stored blocks lack: each task over a block does them first
    for step in steps:
        if step.together is not None and len(held) > 1:
            held, late = _regroup(_apply(late, held, tasks.trained), step.together), []
        keep = bool(late) and (len(late) == LATE or not learned[-1].light)
        held, found = _summarise(step, late, held, keep)
        learned.append(_finish(step, found))
        late = [*([] if keep else late), _ray().put(learned[-1])]
    return tuple(learned), Blocks(_apply(late, held, tasks.trained))


def apply(steps: Iterable[Step], blocks: Sequence[Batch]) -> Blocks:
    """Blocks after learned steps."""
    connect()
    send_as_arrow(_ray())
    held = _refs(blocks)
    late: list[Any] = []
    for step in steps:
        if step.together is not None and len(held) > 1:
            held, late = _regroup(_apply(late, held, tasks.applied), step.together), []
        late.append(_ray().put(step))
    return Blocks(_apply(late, held, tasks.applied))


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


def _refs(blocks: Sequence[Batch]) -> list[Any]:
    return list(blocks.refs) if isinstance(blocks, Blocks) else list(blocks)


def _held(block: Any) -> Any:
    """The block in the cluster. It goes there when its first task is submitted, while earlier ones run."""
    return _ray().put(block) if isinstance(block, Batch) else block


def _apply(steps: list[Any], held: list[Any], how: Callable[..., Batch]) -> list[Any]:
    refs = map(_held, held)
    return _each(how, ((block, *steps) for block in refs)) if steps else list(refs)


def _regroup(held: list[Any], columns: tuple[str, ...]) -> list[Any]:
    """As many blocks, where rows with equal values in `columns` lie in one."""
    parts = len(held)
    pieces = _each(tasks.scattered, ((block, columns, parts) for block in map(_held, held)), parts)
    return [_task(tasks.joined).remote(*share) for share in zip(*pieces, strict=True)]


def _each(function: Callable[..., Any], given: Iterable[Sequence[Any]], returns: int = 1) -> list[Any]:
    """A task for each of the arguments, which are asked for one by one, as tasks are submitted."""
    return [_task(function, returns, home).remote(*one) for home, one in zip(_homes(), given, strict=False)]


def _homes() -> Iterator[Any]:
    """The node that works on each block or share, without end: a core in turn; another, if it has none free.

    Without a home, tasks wait at the driver's node. A core elsewhere gets one when it is free, and waits
    itself until the block has come; at its home a task is handed what it takes while it waits.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in _ray().nodes() if node["Alive"]]
    free = [node["NodeID"] for node in nodes for _ in range(int(node["Resources"].get("CPU", 0)))]
    homes = [NodeAffinitySchedulingStrategy(one, soft=True, _spill_on_unavailable=True) for one in free]
    return cycle(homes or ["DEFAULT"])  # none in a cluster that grows when it is asked


def _summarise(step: Step, late: list[Any], held: list[Any], keep: bool) -> tuple[list[Any], list[list[Any]]]:
    """The blocks, after `late` if they are kept, and of each what `step` then finds in it, in shares."""
    shares = _shares(step, len(held))
    returns = 1 + shares + (shares > 1 and isinstance(step, KeyedStep))
    blocks, found = [], []
    for home, block in zip(_homes(), map(_held, held), strict=False):
        after, *parts = _task(tasks.surveyed, returns, home).remote(step, shares, keep, block, *late)
        blocks.append(after if keep else block)
        found.append(parts)
    return blocks, found


def _shares(step: Step, blocks: int) -> int:
    """In how many places a step is learned; one, if all has to be seen there."""
    if blocks == 1 or not isinstance(step, KeyedStep | ColumnStep):
        return 1
    return min((KEY_SHARES if isinstance(step, KeyedStep) else COLUMN_SHARES) * cores(), MOST_SHARES)


def _finish(step: Step, found: list[list[Any]]) -> Step:
    if len(found) > 1 and isinstance(step, KeyedStep):
        return step.conclude(fetch(_settled_shares(step, found)))
    if len(found) > 1 and isinstance(step, ColumnStep):
        return step.gather(
            fetch(_each(tasks.finished, ((step, *share) for share in zip(*found, strict=True))))
        )
    summaries = [summary for (summary,) in found]
    while len(summaries) > 1:
        groups = [summaries[at : at + FAN_IN] for at in range(0, len(summaries), FAN_IN)]
        summaries = [
            _task(tasks.merged).remote(step, *group) if len(group) > 1 else group[0] for group in groups
        ]
    return step.finish(fetch(summaries[0]))


def _settled_shares(step: KeyedStep, found: list[list[Any]]) -> list[Any]:
    """The findings of each share of the keys. Only rows whose key stands twice are sent anywhere."""
    _, *keys = zip(*found, strict=True)
    repeated = _each(tasks.repeated, keys)
    rows = _each(tasks.picked, ((step, *block, *repeated) for block in found), len(keys))
    return _each(tasks.settled, ((step, *share) for share in zip(*rows, strict=True)))


def _task(function: Callable[..., Any], returns: int = 1, home: Any = "DEFAULT") -> Any:
    return _remote(function).options(num_returns=returns, scheduling_strategy=home)


@cache
def _remote(function: Callable[..., Any]) -> Any:
    @wraps(function)  # the cluster's own pages then tell tasks apart
    def task(*arguments: Any) -> Any:
        send_as_arrow(_ray())
        return function(*arguments)

    return _ray().remote(num_cpus=1, max_retries=RETRIES)(task)


def _ray() -> Any:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    return optional("ray", "ray", "engine ray")
