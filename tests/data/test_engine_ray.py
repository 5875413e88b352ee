"""The engine of a cluster: on two nodes, whatever the number of blocks, it does what one machine does."""

from __future__ import annotations

import contextlib
import math
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cluster_steps import CHOSEN, Heavy, Light, Rank, Trap, Where
from contracts.test_steps import ALL, SAMPLES, step_of, understands
from data.test_prepare import rows, spec_of, write
from rows import CHINESE, ENGLISH, batch_of, same_state, series_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.splits import save_splits
from trimtab.core.store import folder_hash
from trimtab.data import engine_local, engine_ray
from trimtab.data.blocks import cut, join
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.impute import Impute
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.outliers import Iqr
from trimtab.data.prepare import prepare
from until import HANGS, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed file .*ray_client_server:ResourceWarning"),  # Ray's own
]
PATHS = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
BLOCKS = (1, 3, 7)
STORE = 100 * 2**20
CHAIN = (DropDuplicates(), NearDuplicates(similarity=0.8), Iqr(), Impute())
TEXTS = batch_of(ENGLISH * 3 + CHINESE)
FORMS = [(name, sample) for name in ALL for sample in SAMPLES if understands(name, sample)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each, and a port for `ray://` clients; workers find what the tests import."""
    ray = engine_ray._ray()
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", PATHS)
    # 30 s are few on a busy machine; but a client whose server died waits so long before it asks for another
    patch.setenv("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", str(HANGS // 4))
    from ray.cluster_utils import Cluster

    here = {"node_ip_address": engine_ray.LOOPBACK, "num_cpus": 1, "object_store_memory": STORE}
    head = {**here, "include_dashboard": False, "dashboard_agent_listen_port": 0}
    made = Cluster(head_node_args=head | {"ray_client_server_port": _free_port()}, initialize_head=True)
    made.add_node(**here)
    engine_ray.connect(made.address)
    yield made
    ray.shutdown()
    made.shutdown()
    patch.undo()


@pytest.mark.parametrize(("name", "sample"), FORMS, ids=[f"{name}-{sample}" for name, sample in FORMS])
def test_it_learns_and_leaves_what_one_machine_does(cluster, name, sample):
    steps = [step_of(name)]
    check_same(steps, SAMPLES[sample], *(engine_ray.learn(steps, cut(SAMPLES[sample], n)) for n in BLOCKS))


def test_it_runs_a_chain_of_steps(cluster):
    check_same(CHAIN, TEXTS, *(engine_ray.learn(CHAIN, cut(TEXTS, n)) for n in BLOCKS))


@pytest.mark.parametrize(("kind", "times"), [(Heavy, 1), (Light, engine_ray.LATE)])
def test_only_light_steps_are_done_again_and_not_more_often_than_a_block_may_lack_them(
    cluster, tmp_path, kind, times
):
    steps = (kind(str(tmp_path)), *CHAIN)
    found = engine_ray.learn(steps, cut(TEXTS, 3))
    list(found[1])  # until the last task has ended
    assert len(list(tmp_path.iterdir())) == 3 * times
    check_same(steps, TEXTS, found)


def test_it_works_on_both_nodes(cluster, tmp_path):
    _, blocks = engine_ray.learn([Where(str(tmp_path))], cut(TEXTS, 12))
    assert len({value for block in blocks for value in block["node"]}) == 2


def test_it_applies_learned_steps_to_other_rows(cluster):
    learned, _ = engine_local.learn(CHAIN, [TEXTS])
    other = batch_of(CHINESE[::-1])
    assert_same_rows(join(engine_ray.apply(learned, cut(other, 3))), engine_local.apply(learned, [other])[0])


def test_it_takes_the_blocks_that_an_earlier_call_left_in_the_cluster(cluster):
    first, left = engine_ray.learn(CHAIN[:2], cut(TEXTS, 3))
    assert isinstance(left[:2], engine_ray.Blocks)
    then, last = engine_ray.learn(CHAIN[2:], left)
    check_same(CHAIN, TEXTS, ((*first, *then), last))


def test_it_takes_blocks_that_tasks_of_the_cluster_made(cluster):
    read = engine_ray._ray().remote(lambda at: cut(TEXTS, 3)[at])
    made = engine_ray.Blocks([read.remote(at) for at in range(3)])
    check_same(CHAIN, TEXTS, engine_ray.learn(CHAIN, made))


def test_it_brings_neighbours_together(cluster):
    series = series_of(60)
    check_same([Rank()], series, *(engine_ray.learn([Rank()], cut(series, n)) for n in BLOCKS))


@pytest.mark.parametrize("name", ["interpolate", "rolling_impute"])
def test_it_fills_the_gaps_of_series_and_leaves_infinite_values(cluster, name):
    values = [(1.0, None, math.inf, math.nan, -math.inf, 2.0)[at % 6] for at in range(60)]
    series = series_of(60).with_columns(value=pl.Series(values))
    steps = [replace(step_of(name), by=("sensor",))]
    check_same(steps, series, *(engine_ray.learn(steps, cut(series, n)) for n in BLOCKS))
    assert engine_local.learn(steps, [series])[1][0]["value"].is_infinite().sum() == 20


def test_it_says_what_the_step_says_when_a_step_fails(cluster):
    with pytest.raises(DataError, match=r"^step impute: no column 'nope'; available: amount, kind"):
        engine_ray.learn([Impute(columns=("nope",))], cut(TEXTS, 3))


@pytest.mark.parametrize("at", range(len(CHAIN) + 1))
def test_it_gives_the_same_when_a_worker_is_killed_in_the_middle(cluster, tmp_path, at):
    trap = Trap(str(tmp_path))
    steps = (*CHAIN[:at], trap, *CHAIN[at:])
    hunter = threading.Thread(target=kill_one_worker, args=(tmp_path, cluster), daemon=True)
    hunter.start()
    found = engine_ray.learn(steps, cut(TEXTS, 7))
    hunter.join(HANGS)
    assert (tmp_path / CHOSEN).exists()
    check_same(steps, TEXTS, found)


def test_it_makes_blocks_again_that_died_with_their_node(cluster):
    lost = cluster.add_node(node_ip_address=engine_ray.LOOPBACK, num_cpus=2, object_store_memory=STORE)
    cluster.wait_for_nodes(HANGS)
    found = engine_ray.learn(CHAIN, cut(TEXTS, 7))
    cluster.remove_node(lost, allow_graceful=False)
    check_same(CHAIN, TEXTS, found)
    until(lambda: engine_ray.cores() == 2)  # the next test counts them


def test_it_serves_a_client_from_afar(cluster):
    code = f"""
        from trimtab.data import engine_ray
        from data.test_engine_ray import CHAIN, TEXTS, check_same, cut
        engine_ray.connect("ray://{engine_ray.LOOPBACK}:{cluster.head_node._ray_params.ray_client_server_port}")
        assert engine_ray.cores() == 2
        check_same(CHAIN, TEXTS, *(engine_ray.learn(CHAIN, cut(TEXTS, n)) for n in {BLOCKS}))
        print("the same")
    """
    assert run_alone(code).stdout.strip() == "the same"


def test_a_client_asks_again_where_its_server_died_at_birth(cluster):
    code = f"""
        import ray
        from trimtab.data import engine_ray
        real, died = ray.init, ["Starting Ray client server failed.", "psutil: ZombieProcess"]
        assert len(died) < engine_ray.ASKS
        def init(*given, **named):  # now and then it does, and no test can make it
            if died:
                raise ConnectionAbortedError("Initialization failure from server: " + died.pop())
            return real(*given, **named)
        ray.init = init
        engine_ray.connect("ray://{engine_ray.LOOPBACK}:{cluster.head_node._ray_params.ray_client_server_port}")
        print(engine_ray.cores())
    """
    assert run_alone(code).stdout.strip() == "2"


def test_a_spec_that_names_it_prepares_the_same_splits(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("trimtab.data.engine.BLOCK_BYTES", 300)
    here = prepared_hash(tmp_path, "local")
    assert prepared_hash(tmp_path, "ray") == here
    assert cluster_stands()  # it was there before
    address = f"ray://{engine_ray.LOOPBACK}:{cluster.head_node._ray_params.ray_client_server_port}"
    code = f"""
        from pathlib import Path
        import ray
        from trimtab.data import engine
        from data.test_engine_ray import cluster_stands, prepared_hash
        engine.BLOCK_BYTES = 300
        for _ in range(2):
            print(prepared_hash(Path({str(tmp_path)!r}), {address!r}), cluster_stands())
    """
    assert run_alone(code).stdout.split() == [here, "False"] * 2


def cluster_stands() -> bool:
    return bool(engine_ray._ray().is_initialized())


def prepared_hash(folder: Path, engine: str) -> str:
    """The content hash of the splits that `prepare` makes of a messy file on an engine."""
    write(folder, rows() + rows(9) + "cash card question 3 again,x,900\n")
    clean = ["drop_duplicates", {"near_duplicates": {"similarity": 0.7}}, "iqr", "impute"]
    made = prepare(spec_of(clean=clean, augment=["random_edit"], engine=engine), folder)
    assert {part.step for part in made.dropped["train"].parts} >= {"drop_duplicates", "iqr"}
    out = folder / re.sub(r"\W", "_", engine)
    shutil.rmtree(out, ignore_errors=True)
    save_splits(made, out)
    return folder_hash(out)


def test_it_starts_its_own_cluster_on_this_machines_cores_and_reports_to_nobody():
    code = """
        from trimtab.core import machine
        from trimtab.data import engine_ray
        from data.test_engine_ray import CHAIN, TEXTS, check_same, cut
        check_same(CHAIN, TEXTS, engine_ray.learn(CHAIN, cut(TEXTS, 3)))
        import ray
        from ray._common.usage.usage_lib import usage_stats_enabled
        assert not usage_stats_enabled()
        assert engine_ray.cores() == machine.threads()
        assert not ray._private.worker.global_worker.node.webui_url
        print("the same")
    """
    done = run_alone(code)
    assert (done.stdout.strip(), done.stderr) == ("the same", "")


def test_it_says_how_to_go_on_when_nothing_answers():
    code = f"""
        from trimtab.core.errors import EnvironmentFault
        from trimtab.data import engine_ray
        try:
            engine_ray.connect("ray://127.0.0.1:{_free_port()}")
        except EnvironmentFault as fault:
            print(fault.place, fault.remedy, sep="|")
    """
    said = run_alone(code).stdout.strip()
    assert said.startswith("engine ray://127.0.0.1:")
    assert said.endswith("|start one with `ray start --head`, or set engine: local")


def check_same(steps, batch: Batch, *found) -> None:
    learned, (rows,) = engine_local.learn(steps, [batch])
    for others, blocks in found:
        assert all(same_state(one, other) for one, other in zip(learned, others, strict=True))
        assert_same_rows(join(blocks), rows)


def assert_same_rows(ours: Batch, theirs: Batch) -> None:
    theirs = join([theirs])
    assert ours.ids.tolist() == theirs.ids.tolist()
    assert ours.columns.equals(theirs.columns)
    assert ours.columns.schema == theirs.columns.schema
    assert drops_of(ours) == drops_of(theirs)


def drops_of(batch: Batch) -> list[tuple[int, str, str]]:
    return sorted((drop.id, drop.step, drop.reason) for drop in batch.dropped)


def run_alone(code: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def kill_one_worker(folder: Path, cluster: Any) -> None:
    """SIGKILL the worker that wrote its process id, once it is in the middle of a task."""
    victim = int(until(lambda: sorted(folder.glob("*.pid")))[0].stem)
    raylets = {info.process.pid for node in cluster.list_all_nodes() for info in node.all_processes["raylet"]}
    assert _parent(victim) in raylets, "only a worker of this test's own cluster"
    (folder / "tmp").write_text(str(victim))
    (folder / "tmp").rename(folder / CHOSEN)  # seen whole or not at all
    os.kill(victim, signal.SIGKILL)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _free_port() -> int:
    """A free port that no process gets which asks for any: those lie above 32,768."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("no free port")
