"""The request log's files: whole lines only, within the limits, nothing unread deleted in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.core.requests import Request, note_read, read_requests, segments
from trimtab.serve.segments import TIDY_SECONDS, SegmentWriter

DAY = 86400.0


class Clock:
    def __init__(self) -> None:
        self.t = 1_000_000.0

    def __call__(self) -> float:
        return self.t


def line(t: float, version: str = "v1") -> bytes:
    return Request(t, version, "where is my card", "card", 0.9, 0.3, 4.5).line()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in segments(folder))


def times(folder: Path) -> list[float]:
    return [request.t for request in read_requests(folder)]


def test_it_keeps_the_log_within_its_size_and_loses_the_oldest_requests(tmp_path, capsys):
    most = 40 * len(line(0))
    writer = SegmentWriter(tmp_path, most, 30 * DAY)
    for t in range(200):
        assert writer.append([line(t)]) == 0
        assert size(tmp_path) <= most
    writer.close()
    kept = times(tmp_path)
    assert kept == list(range(200 - len(kept), 200))
    assert len(kept) >= 30
    assert "before `trimtab watch` had read it" in capsys.readouterr().err


def test_it_warns_only_of_segments_that_no_watcher_of_their_version_has_read(tmp_path, capsys):
    most = 40 * len(line(0))
    writer = SegmentWriter(tmp_path, most, 30 * DAY)
    for t in range(200):
        writer.append([line(t)])
        note_read(tmp_path, "v1", {path.name: path.stat().st_size for path in segments(tmp_path)})
    assert capsys.readouterr().err == ""
    for t in range(60):  # another version serves now, and only the watcher of the first one has read on
        writer.append([line(t, "v2")])
        note_read(tmp_path, "v1", {path.name: path.stat().st_size for path in segments(tmp_path)})
    writer.close()
    said = capsys.readouterr().err.splitlines()
    assert said
    assert all("deleted to keep serve.log_size" in each and "log_age" not in each for each in said)
    assert len(times(tmp_path)) >= 30


def test_it_deletes_what_is_older_than_its_age(tmp_path, capsys):
    clock = Clock()
    writer = SegmentWriter(tmp_path, 10**9, 8 * DAY, clock)
    for day in range(20):
        writer.append([line(clock.t)])
        for path in segments(tmp_path):
            if path.stat().st_mtime > clock.t:  # the files' times follow the test's clock
                os.utime(path, (clock.t, clock.t))
        clock.t += DAY
        writer.tidy()
        assert len(segments(tmp_path)) <= 8, day
        assert all(clock.t - t <= 8 * DAY + TIDY_SECONDS for t in times(tmp_path)), day
    writer.close()
    assert "deleted to keep serve.log_age" in capsys.readouterr().err


def test_it_starts_a_new_segment_after_a_write_error_and_leaves_no_torn_line(tmp_path):
    """A real error: the process may write no larger files (EFBIG), as on a full disk."""
    script = """
import resource, signal, sys
from pathlib import Path
from trimtab.serve.segments import SegmentWriter
from trimtab.core.requests import Request

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
line = lambda t: Request(t, "v1", "where is my card", "card", 0.9, 0.3, 4.5).line()
writer = SegmentWriter(Path(sys.argv[1]), 10**9, 86400)
whole = len(line(0))
resource.setrlimit(resource.RLIMIT_FSIZE, (3 * whole + 20, resource.RLIM_INFINITY))
lost = writer.append([line(t) for t in range(2)]), writer.append([line(t) for t in range(2, 6)])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
lost += (writer.append([line(6)]),)
writer.close()
print(lost)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(0, 3, 0)"
    assert done.stderr.count("cannot write the request log (File too large)") == 1
    assert times(tmp_path) == [0, 1, 2, 6]
    assert len(segments(tmp_path)) == 2
    assert all(path.read_bytes().endswith(b"\n") for path in segments(tmp_path))


def test_it_goes_on_in_the_old_segment_when_no_new_one_can_be_made(tmp_path, capsys):
    folder, kept = tmp_path / "log", tmp_path / "kept.jsonl"
    writer = SegmentWriter(folder, 8, 30 * DAY)  # every line fills a segment
    (segment,) = segments(folder)
    kept.hardlink_to(segment)
    segment.unlink()
    folder.rmdir()
    folder.write_text("a file stands where the folder was")
    assert [writer.append([line(t)]) for t in range(3)] == [0, 0, 0]
    writer.close()
    assert [json.loads(each)["t"] for each in kept.read_bytes().splitlines()] == [0, 1, 2]
    assert capsys.readouterr().err.count("cannot write the request log") >= 1


def test_it_writes_nothing_into_a_deleted_file(tmp_path):
    writer = SegmentWriter(tmp_path, 10**9, 30 * DAY)
    writer.append([line(0)])
    (segment,) = segments(tmp_path)
    segment.unlink()
    writer.append([line(1)])
    writer.close()
    assert times(tmp_path) == [1]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write the request log"):
        SegmentWriter(tmp_path / "file" / "log", 10**9, 30 * DAY)
