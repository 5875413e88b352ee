"""The request log is cut into windows, each request read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trimtab.core.requests import Request
from trimtab.monitor.profile import Profile, Traits
from trimtab.monitor.window import Cut, Windows, request_times, traits_of, window_of

LABELS = ("card", "cash")


def request(t: float, label: str = "card", version: str = "v1") -> Request:
    return Request(t, version, f"text {t:g}", label, 0.9, 0.3, 4.5)


def append(path, *requests: Request) -> None:
    with path.open("ab") as stream:
        stream.writelines(one.line() for one in requests)


def cut(folder, version, labels, size, read) -> tuple[list[Cut], int]:
    windows = Windows(folder, version, labels, size, read)
    return list(windows), windows.left


def test_it_cuts_full_windows_and_leaves_the_rest(tmp_path):
    append(tmp_path / "a.jsonl", *(request(t) for t in range(7)))
    cuts, left = cut(tmp_path, "v1", LABELS, 3, {})
    assert [each.window.texts for each in cuts] == [
        ("text 0", "text 1", "text 2"),
        ("text 3", "text 4", "text 5"),
    ]
    assert left == 1


def test_it_goes_on_where_the_last_window_ended(tmp_path):
    append(tmp_path / "a.jsonl", *(request(t) for t in range(4)))
    first = cut(tmp_path, "v1", LABELS, 3, {})[0][-1]
    append(tmp_path / "a.jsonl", request(4), request(5))
    again = cut(tmp_path, "v1", LABELS, 3, first.read)[0]
    assert [each.window.texts for each in again] == [("text 3", "text 4", "text 5")]


def test_it_merges_segments_by_time_and_reads_each_request_once(tmp_path):
    append(tmp_path / "a.jsonl", request(0), request(2), request(4))
    append(tmp_path / "b.jsonl", request(1), request(3), request(5))
    cuts, _ = cut(tmp_path, "v1", LABELS, 2, {})
    assert [each.window.at.tolist() for each in cuts] == [[0, 1], [2, 3], [4, 5]]
    later, _ = cut(tmp_path, "v1", LABELS, 2, cuts[0].read)
    assert [each.window.at.tolist() for each in later] == [[2, 3], [4, 5]]


def test_it_reads_only_what_this_version_answered(tmp_path):
    append(tmp_path / "a.jsonl", request(0), request(1, version="v2"), request(2), request(3, version="v2"))
    cuts, left = cut(tmp_path, "v1", LABELS, 2, {})
    assert [each.window.at.tolist() for each in cuts] == [[0, 2]]
    assert left == 0


def test_it_waits_for_a_line_that_is_still_being_written(tmp_path):
    append(tmp_path / "a.jsonl", request(0))
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(request(1).line()[:20])
    assert cut(tmp_path, "v1", LABELS, 2, {}) == ([], 1)
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(request(1).line()[20:])
    assert len(cut(tmp_path, "v1", LABELS, 2, {})[0]) == 1


def test_it_passes_over_lines_that_are_no_requests_and_counts_them(tmp_path):
    append(tmp_path / "a.jsonl", request(0))
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(request(9).line()[:30] + b"\n" + b'{"t": "late", "version": "v1"}\n' + b"\xff\n")
    append(tmp_path / "a.jsonl", request(1), request(2))
    (found,), left = cut(tmp_path, "v1", LABELS, 2, {})
    assert found.window.at.tolist() == [0, 1]
    place = len(request(0).line()) + 31
    assert (found.torn.lines, found.torn.first) == (3, f"byte {place} of {tmp_path / 'a.jsonl'}")
    assert left == 1
    again = Windows(tmp_path, "v1", LABELS, 2, found.read)
    assert (list(again), again.left, again.torn.lines) == ([], 1, 0)


def test_a_torn_end_stops_nobody(tmp_path):
    append(tmp_path / "a.jsonl", request(0))
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(request(1).line()[:20])  # a crash
    append(tmp_path / "b.jsonl", request(2), request(3))
    cuts, left = cut(tmp_path, "v1", LABELS, 3, {})
    assert [each.window.at.tolist() for each in cuts] == [[0, 2, 3]]
    assert left == 0


def test_it_reads_what_other_versions_answered_only_once(tmp_path):
    append(tmp_path / "a.jsonl", *(request(t, version="v2") for t in range(5)))
    append(tmp_path / "b.jsonl", request(5), *(request(t, version="v2") for t in range(6, 9)))
    windows = Windows(tmp_path, "v1", LABELS, 2, {})
    assert list(windows) == []
    assert windows.read == {"a.jsonl": (tmp_path / "a.jsonl").stat().st_size, "b.jsonl": 0}
    append(tmp_path / "b.jsonl", request(9))
    later = Windows(tmp_path, "v1", LABELS, 2, windows.read)
    (found,) = later
    assert found.window.at.tolist() == [5, 9]
    assert later.read == {path.name: path.stat().st_size for path in tmp_path.iterdir()}


def test_it_holds_one_window_and_few_open_files(tmp_path):
    for at in range(40):
        append(tmp_path / f"{at:02}.jsonl", *(request(t) for t in range(100 * at, 100 * at + 100)))
    most = 0
    for seen, each in enumerate(Windows(tmp_path, "v1", LABELS, 50, {}), start=1):
        assert each.window.at.tolist() == list(range(50 * seen - 50, 50 * seen))
        most = max(most, _open_files(tmp_path))
    assert seen == 80
    assert most <= 1


def test_it_survives_a_segment_that_is_deleted_while_it_reads(tmp_path):
    append(tmp_path / "a.jsonl", request(0), request(1))
    append(tmp_path / "b.jsonl", request(2), request(3))
    windows = Windows(tmp_path, "v1", LABELS, 2, {})
    (tmp_path / "b.jsonl").unlink()
    assert [each.window.at.tolist() for each in windows] == [[0, 1]]


def _open_files(folder) -> int:
    return sum(
        str(folder) in str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists()
    )


def test_it_finds_nothing_in_an_empty_folder(tmp_path):
    assert cut(tmp_path, "v1", LABELS, 3, {"gone.jsonl": 9}) == ([], 0)


def test_it_measures_the_traits_of_each_request():
    nothing = Traits(*(np.empty(0) for _ in range(4)))
    profile = Profile(np.eye(2, dtype=np.float16), nothing, 2)
    window = window_of([request(0, "cash"), request(10)], "v1", LABELS)
    found = traits_of(window, profile, lambda texts: np.array([[3.0, 4.0]] * len(texts)))
    np.testing.assert_allclose(found.nearest, [0.8, 0.8])
    np.testing.assert_allclose(found.entropy, [0.3, 0.3])
    assert (found.length.tolist(), found.predicted.tolist()) == ([6, 7], [1, 0])


def test_a_request_of_many_texts_has_one_latency():
    at, spent = [1.0, 1.0, 1.0, 2.0, 3.0], [9.0, 9.0, 9.0, 9.0, 4.0]
    asked = [Request(t, "v", "card", "a", 0.9, 0.1, ms) for t, ms in zip(at, spent, strict=True)]
    assert request_times(window_of(asked, "v", ["a"])).tolist() == [9.0, 9.0, 4.0]
