import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from trimtab.core.audit import anchor_of
from trimtab.core.errors import BundleError, ConfigError, EnvironmentFault
from trimtab.core.releases import Releases
from trimtab.core.store import write_checksums, write_json
from until import HANGS


def write_version(folder, version):
    """The smallest folder that is a bundle: what the registry checks, and no model."""
    folder.mkdir()
    write_json(folder / "bundle.json", {"format": 1, "version": version, "labels": []})
    write_checksums(folder)
    return folder


@pytest.fixture
def releases(tmp_path):
    opened = Releases(tmp_path / "registry.db")
    for version in ("one", "two", "three"):
        opened.register(version, write_version(tmp_path / version, version), {"accuracy": 0.9})
    yield opened
    opened.close()


def actions(releases):
    return [entry.action for entry in releases.history()]


def test_it_promotes_and_keeps_the_champion_before(releases):
    releases.promote("one", {"why": "first"})
    releases.promote("two", {"why": "better"})
    assert releases.alias("champion")[0] == "two"
    assert releases.alias("previous")[0] == "one"
    assert releases.history()[-1].body == {"replaces": "one", "why": "better"}


def test_it_rolls_back_to_the_previous_champion(releases):
    releases.promote("one", {})
    releases.promote("two", {})
    assert releases.rollback({"why": "slow"}) == "one"
    assert (releases.alias("champion")[0], releases.alias("previous")[0]) == ("one", "two")


def test_it_cannot_roll_back_without_a_previous_champion(releases):
    releases.promote("one", {})
    with pytest.raises(ConfigError, match="there is no previous champion"):
        releases.rollback({})
    assert actions(releases)[-1] == "promote"


def test_it_names_the_nearest_version(releases):
    with pytest.raises(ConfigError, match="did you mean 'three'"):
        releases.promote("thre", {})


def test_a_promoted_challenger_is_one_no_longer(releases):
    releases.challenge("two", {})
    assert releases.alias("challenger")[0] == "two"
    releases.promote("two", {})
    assert releases.alias("challenger") is None


def test_it_registers_and_promotes_the_same_version_once(releases, tmp_path):
    releases.promote("one", {})
    before = releases.history()
    releases.register("one", tmp_path / "one", {})
    releases.promote("one", {})
    assert releases.history() == before


def test_the_champion_does_not_challenge_itself(releases):
    releases.promote("one", {})
    with pytest.raises(ConfigError, match="version 'one': is the champion"):
        releases.challenge("one", {})
    assert releases.alias("challenger") is None


def test_it_takes_the_newer_bundle_of_a_version_that_it_knows(releases, tmp_path):
    releases.promote("one", {})
    before = releases.versions()
    shutil.rmtree(tmp_path / "one")
    newer = write_version(tmp_path / "newer", "one")
    releases.register("one", newer, {"accuracy": 0.8})
    assert releases.alias("champion") == ("one", newer)
    releases.check("one")
    assert (actions(releases)[-1], releases.history()[-1].body) == ("register", {"folder": "newer"})
    now = {each["version"]: each for each in releases.versions()}["one"]
    assert now == before[0] | {"folder": str(newer), "accuracy": 0.8}


def test_it_challenges_with_the_same_version_once(releases):
    releases.challenge("two", {})
    before = releases.history()
    releases.challenge("two", {})
    assert releases.history() == before


@pytest.mark.parametrize("move", ["promote", "challenge", "rollback"])
def test_it_takes_no_version_whose_bundle_is_gone(releases, tmp_path, move):
    releases.promote("one", {})
    releases.promote("two", {})
    before = releases.history()
    for version in ("one", "three"):
        shutil.rmtree(tmp_path / version)
    with pytest.raises(BundleError, match=r"the bundle of version (one|three) is gone"):
        releases.rollback({}) if move == "rollback" else getattr(releases, move)("three", {})
    assert releases.history() == before


def test_it_promotes_no_bundle_that_was_damaged_or_exchanged(releases, tmp_path):
    (tmp_path / "two" / "bundle.json").write_text("{}")
    with pytest.raises(BundleError, match="checksum is"):
        releases.promote("two", {})
    shutil.rmtree(tmp_path / "two")
    write_version(tmp_path / "two", "other")
    with pytest.raises(BundleError, match="holds version other, registered is two"):
        releases.promote("two", {})
    assert releases.alias("champion") is None


def test_it_acts_on_evidence_only_while_the_champion_is_the_one_compared_with(releases):
    assert releases.decide("promote", "one", {"why": "first"}, over=None)
    before = releases.history()
    assert not releases.decide("promote", "two", {}, over=None)
    assert not releases.decide("keep", "two", {}, over="three")
    assert releases.history() == before
    assert releases.decide("challenge", "two", {}, over="one")
    assert releases.decide("keep", "three", {"why": "equal"}, over="one")
    assert actions(releases)[-3:] == ["promote", "challenge", "keep"]


def test_losses_count_from_the_anchor_until_a_person_decides(releases):
    assert anchor_of(releases.history()) is None
    releases.promote("one", {})
    releases.promote("two", {"anchor": "one"})
    releases.promote("three", {"anchor": "one"})
    releases.note("keep", "two", {"anchor": "two"})
    assert anchor_of(releases.history()) == "one"
    releases.rollback({})
    assert anchor_of(releases.history()) == "two"
    releases.promote("one", {})
    assert anchor_of(releases.history()) == "one"


def test_it_counts_the_looks_at_test_rows(releases):
    assert [releases.touch("rows", asked) for asked in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert releases.touch("others", "a") == 1
    assert actions(releases)[-4:] == ["touch"] * 4


def test_it_lists_versions_with_facts_and_aliases(releases):
    releases.promote("two", {})
    assert [(row["version"], row["aliases"], row["accuracy"]) for row in releases.versions()] == [
        ("one", [], 0.9),
        ("two", ["champion"], 0.9),
        ("three", [], 0.9),
    ]


def test_it_can_be_moved_together_with_its_bundles(releases, tmp_path):
    releases.close()
    moved = tmp_path.rename(tmp_path.with_name(f"{tmp_path.name}-moved"))
    again = Releases(moved / "registry.db")
    assert again.folder("one") == moved / "one"
    assert again.versions()[0]["folder"] == str(moved / "one")
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET action = 'x'",
        "DELETE FROM log",
        "INSERT OR REPLACE INTO log SELECT max(number), at, 'x', version, body, before, hash FROM log",
        "REPLACE INTO log SELECT max(number), at, 'x', version, body, before, hash FROM log",
        "INSERT OR IGNORE INTO log SELECT max(number) + 2, at, 'x', version, body, before, hash FROM log",
    ],
)
def test_its_log_is_append_only(releases, statement):
    with sqlite3.connect(releases.file) as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE log SET body = '{}' WHERE number = 2",
        "UPDATE log SET version = 'two' WHERE number = 4",
        "DELETE FROM log WHERE number = 2",
        "UPDATE log SET at = '2020-01-01' WHERE number = 1",
    ],
)
def test_it_notices_a_log_that_was_changed(releases, tamper):
    releases.promote("one", {"why": "first"})
    with sqlite3.connect(releases.file) as db:
        db.execute("DROP TRIGGER log_is_append_only_u")
        db.execute("DROP TRIGGER log_is_append_only_d")
        db.execute(tamper)
    db.close()
    with pytest.raises(EnvironmentFault, match="the log was changed"):
        releases.history()


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE aliases SET version = 'two' WHERE alias = 'champion'",
        "DELETE FROM log WHERE action = 'promote'",
    ],
)
def test_it_notices_an_alias_that_the_log_does_not_explain(releases, tamper):
    releases.promote("one", {"why": "first"})
    with sqlite3.connect(releases.file) as db:
        db.execute("DROP TRIGGER log_is_append_only_d")
        db.execute(tamper)
    db.close()
    with pytest.raises(EnvironmentFault, match="the log says"):
        releases.history()


def test_the_log_explains_every_alias(releases):
    releases.challenge("two", {})
    releases.promote("one", {})
    releases.promote("two", {})
    releases.challenge("three", {})
    releases.rollback({})
    releases.history()
    assert [releases.alias(name)[0] for name in ("champion", "previous", "challenger")] == [
        "one", "two", "three",
    ]  # fmt: skip


def test_a_locked_registry_is_not_called_broken(releases):
    releases._db.execute("PRAGMA busy_timeout = 10")
    with sqlite3.connect(releases.file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EnvironmentFault, match=r"cannot be used .*locked.*end other processes"):
            releases.promote("one", {})
        other.execute("ROLLBACK")
    other.close()
    releases.promote("one", {})
    assert releases.alias("champion")[0] == "one"


def test_it_says_when_a_file_is_no_registry(tmp_path):
    file = tmp_path / "registry.db"
    file.write_text("not a database, but long enough to be read as one")
    with pytest.raises(EnvironmentFault, match="not a registry"):
        Releases(file)


def test_it_says_when_its_file_was_damaged_while_it_was_open(releases):
    releases._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with releases.file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 8192)
    other = Releases(releases.file)
    with pytest.raises(EnvironmentFault, match="not a registry"):
        other.versions()
    other.close()


PROMOTE = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from trimtab.core.releases import Releases

    releases = Releases(Path(sys.argv[1]))
    for turn in range(int(sys.argv[2])):
        releases.promote(("one", "two", "three")[turn % 3], {"process": sys.argv[3], "turn": turn})
        print(turn, flush=True)
    """
)


def promoting(file, turns, name):
    return subprocess.Popen(
        [sys.executable, "-c", PROMOTE, str(file), str(turns), name], stdout=subprocess.PIPE, text=True
    )


DECIDE = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from trimtab.core.releases import Releases

    releases = Releases(Path(sys.argv[1]))
    made = 0
    while made < int(sys.argv[2]):
        champion = releases.alias("champion")
        over = champion and champion[0]
        version = next(each for each in ("one", "two", "three") if each != over)
        time.sleep(0.002)  # gathering evidence, while the other process may promote
        made += releases.decide("promote", version, {"over": over, "process": sys.argv[3]}, over)
    """
)


def test_two_processes_never_promote_over_the_same_champion(releases):
    command = [sys.executable, "-c", DECIDE, str(releases.file), "15"]
    workers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [worker.wait(timeout=HANGS) for worker in workers] == [0, 0]
    entries = [entry for entry in releases.history() if entry.action == "promote"]
    assert len(entries) == 30
    assert {entry.body["process"] for entry in entries} == {"a", "b"}
    assert all(entry.body["over"] == entry.body["replaces"] for entry in entries)


def test_it_takes_promotions_of_several_processes(releases):
    workers = [promoting(releases.file, 20, name) for name in "ab"]
    for worker in workers:
        worker.communicate(timeout=HANGS)
        assert worker.returncode == 0
    entries = [entry for entry in releases.history() if entry.action == "promote"]
    assert releases.alias("champion")[0] == entries[-1].version
    assert [entry.body["replaces"] for entry in entries[1:]] == [entry.version for entry in entries[:-1]]


@pytest.mark.slow
def test_it_loses_nothing_to_kill_9(releases):
    chance = random.Random(7)
    for turn in range(20):
        worker = promoting(releases.file, 10_000, str(turn))
        worker.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        os.kill(worker.pid, signal.SIGKILL)
        said = [line for line in worker.communicate()[0].splitlines() if line]
        entries = [e for e in releases.history() if e.action == "promote" and e.body["process"] == str(turn)]
        assert len(entries) >= len(said) - 1  # its first version may have been champion already
        assert releases.alias("champion")[0] == releases.history()[-1].version
