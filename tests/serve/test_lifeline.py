"""A child ends with its parent, even where the parent is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from until import until

PARENT = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from trimtab.serve.load import drive, start_server

    with start_server(Path(sys.argv[1])) as server:
        print(server.process.pid, flush=True)
        if sys.argv[2] == "drive":
            drive(server.rest_url, ["a text"], concurrency=2, seconds=600)
        time.sleep(600)
    """
)


def children(pid):
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in said.stdout.split()]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state != "Z"


@pytest.mark.parametrize(("doing", "processes"), [("wait", 1), ("drive", 2)])
def test_no_child_outlives_a_parent_that_is_killed(tiny, doing, processes):
    command = [sys.executable, "-c", PARENT, str(tiny.folder), doing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        server = int(parent.stdout.readline())
        assert until(lambda: len(children(parent.pid)) == processes)
        started = children(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
    assert server in started
    assert until(lambda: not any(map(is_alive, started)))
