import json
import signal
import subprocess
import sys
import textwrap

import pytest

from trimtab.core.errors import BundleError
from trimtab.core.store import (
    Store,
    folder_hash,
    value_hash,
    verify_checksums,
    write_checksums,
    write_json,
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def maker(calls, content="made"):
    def make(folder):
        calls.append(folder)
        (folder / "result.txt").write_text(content)
        return 1.5

    return make


def test_it_makes_a_stage_once(store):
    calls = []
    first = store.stage("train", {"seed": 0}, maker(calls))
    again = store.stage("train", {"seed": 0}, maker(calls))
    assert len(calls) == 1
    assert (first.fresh, again.fresh) == (True, False)
    assert (first.folder, first.hash, first.seconds) == (again.folder, again.hash, again.seconds)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "result.txt").write_text("forged"),
        lambda folder: (folder / "result.txt").unlink(),
        lambda folder: (folder / "more.txt").touch(),
        lambda folder: (folder / "stage.json").unlink(),
        lambda folder: (folder / "stage.json").write_text("{"),
    ],
    ids=["changed", "missing", "added", "unstamped", "half a stamp"],
)
def test_it_moves_a_damaged_stage_aside_says_so_and_makes_it_again(tmp_path, damage):
    told, calls = [], []
    store = Store(tmp_path / "store", told.append)
    first = store.stage("train", {"seed": 0}, maker(calls))
    for _ in range(2):
        damage(first.folder)
        again = store.stage("train", {"seed": 0}, maker(calls))
        assert again.fresh
        assert (again.folder, again.hash) == (first.folder, first.hash)
        assert (again.folder / "result.txt").read_text() == "made"
    aside = first.folder.with_name(f"{first.folder.name}.damaged")
    assert told == [aside, aside]
    assert aside.is_dir()
    assert len(calls) == 3


def test_it_makes_a_stage_again_for_other_inputs(store):
    calls = []
    hashes = {store.stage("train", {"seed": seed}, maker(calls)).folder for seed in (0, 1)}
    assert len(hashes) == len(calls) == 2


def test_it_publishes_nothing_of_a_stage_that_fails(store):
    def fail(folder):
        (folder / "half.txt").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.stage("train", {}, fail)
    done = store.stage("train", {}, maker([]))
    assert done.fresh
    assert not (done.folder / "half.txt").exists()


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from trimtab.core.store import Store

    def make(folder):
        kept = folder / "checkpoint"
        kept.mkdir(exist_ok=True)
        step = len(list(kept.iterdir()))
        (kept / f"{step}").touch()
        (folder / "result.txt").write_text("half" if step < 3 else "whole")
        if step < 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return float(step)

    print(Store(Path(sys.argv[1])).stage("train", {"seed": 0}, make).hash)
    """
)


def test_it_goes_on_from_its_checkpoints_after_kill_9(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    codes = [subprocess.run(command, check=False, capture_output=True).returncode for _ in range(4)]
    assert codes == [-signal.SIGKILL] * 3 + [0]
    (done,) = (tmp_path / "train").iterdir()
    assert sorted(path.name for path in done.iterdir()) == ["result.txt", "stage.json"]
    assert (done / "result.txt").read_text() == "whole"


def test_it_names_the_first_file_that_was_changed(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    write_checksums(tmp_path)
    verify_checksums(tmp_path)
    (tmp_path / "b").write_text("c")
    with pytest.raises(BundleError, match=r"b: checksum is \w{12}, the bundle was written with \w{12}"):
        verify_checksums(tmp_path)
    (tmp_path / "b").unlink()
    with pytest.raises(BundleError, match="b: the file is missing"):
        verify_checksums(tmp_path)


def test_it_names_a_file_that_no_checksum_covers_but_minds_no_hidden_one(tmp_path):
    (tmp_path / "a").write_text("a")
    write_checksums(tmp_path)
    (tmp_path / ".listing").mkdir()
    (tmp_path / ".listing" / "b").write_text("b")
    verify_checksums(tmp_path)
    (tmp_path / "steps.npz").write_text("smuggled in")
    with pytest.raises(BundleError, match=r"steps\.npz: is not listed in checksums\.json; remove it"):
        verify_checksums(tmp_path)


def test_it_names_a_file_whose_checksum_is_no_text(tmp_path):
    (tmp_path / "a").write_text("a")
    write_json(tmp_path / "checksums.json", {"a": 7})
    with pytest.raises(BundleError, match=r"a: checksum is \w{12}, the bundle was written with 7"):
        verify_checksums(tmp_path)


def test_it_hashes_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = folder_hash(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_hash(tmp_path) != first


def test_it_hashes_no_file_that_is_left_out(tmp_path):
    (tmp_path / "a").write_text("1")
    first = folder_hash(tmp_path)
    (tmp_path / "seconds.json").write_text("12.5")
    assert folder_hash(tmp_path) != first == folder_hash(tmp_path, ["seconds.json"])


def test_it_hashes_values_whatever_the_order_of_keys():
    assert value_hash({"a": 1, "b": 2}) == value_hash({"b": 2, "a": 1}) != value_hash({"a": 2, "b": 1})


def test_it_leaves_the_old_json_when_the_new_one_cannot_be_written(tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"looks": 1})
    circular = {}
    circular["self"] = circular
    with pytest.raises(ValueError, match="Circular"):
        write_json(path, circular)
    assert json.loads(path.read_text()) == {"looks": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"{}", b"{"])
def test_a_list_of_checksums_that_proves_nothing_is_refused(tmp_path, content):
    (tmp_path / "checksums.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"checksums\.json.*copy the bundle again"):
        verify_checksums(tmp_path)
