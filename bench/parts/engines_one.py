"""One engine over one file, in a process of its own: `engines_one.py ENGINE FILE RECIPE CORES STORE_MB`.

Runs the steps twice: the first time memory and stores are watched, the second time the clock. Prints JSON:
seconds of the steps alone (the cluster stands and the rows are in memory), CPU seconds and most memory of all
processes, what went through Ray's object stores, and what came out, hashed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

RECIPES = {
    "table": {"drop_duplicates": {}, "impute": {}, "iqr": {}},
    "text": {"near_duplicates": {"similarity": 0.8, "unit": "words"}},
}
LOOK_S, REPORT_S = 0.5, 5
"""Seconds between two looks at the memory, and between two reports of a node's counts."""


def main() -> None:
    """Read the rows, open the engine, run the steps, say what they took."""
    engine, source, recipe, cores, store_mb = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])  # of all processes to come
    with cluster(int(cores) if engine == "ray" else 0, int(store_mb)):
        told = measured(engine, Path(source), recipe)
    print(json.dumps({"name": engine, "recipe": recipe, "cores": int(cores), **told}))


@contextmanager
def cluster(nodes: int, store_mb: int) -> Iterator[None]:
    """Nodes of one core each that share `store_mb` of object store, joined; of none, nothing."""
    if nodes == 0:
        yield
        return
    from trimtab.data import engine_ray

    os.environ |= engine_ray.SETTINGS
    from ray.cluster_utils import Cluster

    store = store_mb * 2**20 // nodes
    node = {"node_ip_address": engine_ray.LOOPBACK, "num_cpus": 1, "object_store_memory": store}
    head = {
        **node,
        "include_dashboard": False,
        "dashboard_agent_listen_port": 0,  # another cluster on this machine may have the usual one
        "_system_config": {"metrics_report_interval_ms": 1000 * REPORT_S},
    }
    made = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(nodes - 1):
        made.add_node(**node)
    engine_ray.connect(made.address)
    yield
    engine_ray.leave()
    made.shutdown()


def measured(engine: str, source: Path, recipe: str) -> dict[str, Any]:
    """What the steps took and gave."""
    import numpy as np
    import polars as pl

    from trimtab.core.build_step import build_step
    from trimtab.core.objects import Batch
    from trimtab.core.spec import StepSpec
    from trimtab.data import STEPS
    from trimtab.data.engine import learn_rows, opened

    columns = pl.read_parquet(source)
    batch = Batch(columns, np.arange(columns.height), "text" if recipe == "text" else "tabular")
    wanted = [StepSpec(name=name, parameters=given) for name, given in RECIPES[recipe].items()]
    steps = [build_step(one, STEPS, "bench") for one in wanted]
    with opened(engine) as on:
        with watched() as seen:  # the first time: workers start, threads and pages of memory are made
            learn_rows(on, steps, batch)
        moved = stores(engine)
        begun, used = time.perf_counter(), sum(map(cpu_s, family()))
        learned, rows = learn_rows(on, steps, batch)
        seconds, cpu_seconds = time.perf_counter() - begun, sum(map(cpu_s, family())) - used
    return {
        "rows": len(batch),
        "bytes": columns.estimated_size(),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        **seen,
        **moved,
        "rows_out": len(rows),
        "content_hash": content(learned, rows),
    }


def content(learned: Any, rows: Any) -> str:
    """A hash of what the steps learned, the rows, their ids, and every drop with its reason."""
    import numpy as np

    whole = hashlib.sha256()
    for step in learned:
        for name, value in sorted(step.state().items()):
            whole.update(name.encode())
            whole.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    whole.update(rows.ids.tobytes())
    whole.update(rows.columns.hash_rows().to_numpy().tobytes())
    for part in rows.dropped.parts:
        whole.update(part.step.encode() + part.ids.tobytes() + part.reasons.hash().to_numpy().tobytes())
        whole.update(part.rows.hash_rows().to_numpy().tobytes())
    return whole.hexdigest()[:16]


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """The most memory that this process and all under it hold at once; looking at it takes time."""
    seen = {"peak_mb": 0.0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            seen["peak_mb"] = max(seen["peak_mb"], sum(map(pss_mb, family())))

    watcher = threading.Thread(target=look)
    watcher.start()
    yield seen
    over.set()
    watcher.join()


def family() -> list[int]:
    """This process and all its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [os.getpid()]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_s(process: int) -> float:
    """Seconds of processor time that a process used."""
    try:
        ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def pss_mb(process: int) -> float:
    """Memory of a process, shared pages divided among those that hold them."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def stores(engine: str) -> dict[str, float | None]:
    """Bytes that were put or fetched into the object stores so far, and those that were spilled."""
    if engine == "local":
        return {}
    time.sleep(REPORT_S + 1)  # the nodes tell their counts now and then
    import ray
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    stats = get_memory_info_reply(get_state_from_address(ray.get_runtime_context().gcs_address)).store_stats
    return {
        "written_bytes": stats.cumulative_created_bytes,
        "spilled_bytes": stats.spilled_bytes_total,
        "objects": stats.cumulative_created_objects,
        "moved_bytes": moved_bytes(),
    }


def moved_bytes() -> float | None:
    """Bytes that the nodes fetched from one another so far; None where a node does not tell.

    Its agent tells, which wants what `ray[default]` brings; `trimtab[ray]` wants no more than `ray[data]`.
    """
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()
    if any(node["MetricsExportPort"] <= 0 for node in nodes):
        return None
    try:
        return sum(map(received, nodes))
    except OSError:  # there is a port, and nobody behind it
        return None


def received(node: dict[str, Any]) -> float:
    """Bytes that a node's object store fetched from other nodes so far, as the node itself counts."""
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with urlopen(address, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    counts = [line for line in lines if line.startswith("ray_object_manager_bytes") and '"Received"' in line]
    return sum(float(line.split()[-1]) for line in counts)


if __name__ == "__main__":
    main()
