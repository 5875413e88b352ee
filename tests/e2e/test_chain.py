"""The whole chain on a small project, through the command line, as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest

from parts.projects import small_project
from trimtab import load
from trimtab.core.bundle import MEASURED, Bundle
from trimtab.core.releases import Releases
from trimtab.core.store import STAMP, folder_hash

pytestmark = pytest.mark.slow


def trimtab(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A project that was run once, and the events it told."""
    folder = tmp_path_factory.mktemp("small")
    small_project(folder)
    done = trimtab(folder, "run", "--json")
    assert done.returncode == 0, done.stderr
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def test_it_ends_with_one_result_that_stands_in_the_run_folder_too(ran):
    result = ran[1][-1]
    assert result["event"] == "result"
    assert result["verdict"] == "met"
    for figures in (result["winner"], result["teacher"]):
        assert figures["accuracy_low"] <= figures["accuracy"] <= figures["accuracy_high"]
        assert 0 < figures["p50_ms"] <= figures["p99_ms"]
        assert figures["throughput"] > 0
        assert figures["size_bytes"] > 0
    kept = json.loads((Path(result["report"]).parent / "result.json").read_text())
    assert kept == result
    record = json.loads((Path(result["report"]).parent / "record.json").read_text())
    assert record["name"] == ran[0].name


def test_its_report_says_when_it_ran_and_its_record_where_every_dropped_row_lies(ran):
    folder, events = ran
    report = Path(events[-1]["report"])
    record = json.loads((report.parent / "record.json").read_text())
    assert record["date"] in report.read_text()
    files = list((folder / record["dropped_folder"]).glob("*/*.parquet"))
    kept = sum(pl.read_parquet(file).height for file in files)
    assert kept == sum(one["rows"] for one in record["data"]["dropped"]) > 0


def test_the_bundle_answers_and_is_the_champion(ran):
    folder, events = ran
    result = events[-1]
    bundle = Bundle.open(result["bundle"])
    assert load(bundle.folder).predict(["i want to activate my card"])[0] in bundle.labels
    releases = Releases(folder / ".trimtab" / "registry.db")
    assert releases.alias("champion") == (bundle.version, bundle.folder)
    releases.close()


def test_training_and_serving_give_the_same_answers(ran):
    """Every figure can be recomputed: the test answers of the run are those of the bundle."""
    folder, events = ran
    result = events[-1]
    (answers,) = folder.glob(".trimtab/store/test/*/answers.npz")
    stored = np.load(answers)[result["winner"]["name"]]
    with (folder / "test.csv").open(newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    bundle = load(result["bundle"])
    assert bundle.predict(texts) == [bundle.classes_[at] for at in stored]
    accuracy = float((stored == np.load(answers)["truth"]).mean())
    assert accuracy == result["winner"]["accuracy"]


def test_the_same_command_again_repeats_nothing(ran):
    folder, events = ran
    again = trimtab(folder, "run", "--json")
    told = [json.loads(line) for line in again.stdout.splitlines()]
    assert not any(event["fresh"] for event in told if event["event"] in ("stage_done", "released"))
    assert told[-1] == events[-1]
    assert len(list(folder.glob(".trimtab/runs/*"))) == 1


def test_a_project_that_was_moved_repeats_nothing_and_finds_its_run(tmp_path):
    families = {"families": ["encoder"], "fit": {"epochs": 1, "learning_rate": 2e-3}}
    small_project(tmp_path / "here", model=families)
    first = _result(trimtab(tmp_path / "here", "run", "--json"))
    (tmp_path / "far").mkdir()
    moved = (tmp_path / "here").rename(tmp_path / "far" / "there")
    again = trimtab(moved, "run", "--json")
    told = _events(again.stdout)
    assert not any(event["fresh"] for event in told if event["event"] in ("stage_done", "released"))
    assert Path(told[-1]["report"]) == moved / Path(first["report"]).relative_to(tmp_path / "here")
    assert Path(told[-1]["report"]).is_file()
    assert Bundle.open(told[-1]["bundle"]).version == first["version"]
    assert str(tmp_path / "here") not in again.stdout
    assert len(list(moved.glob(".trimtab/runs/*"))) == 1


def test_another_budget_trains_nothing_again(ran):
    folder, _ = ran
    again = trimtab(folder, "run", "--json", "--set", "budget.size=90MB")
    told = [json.loads(line) for line in again.stdout.splitlines()]
    fresh = {event["stage"] for event in told if event["event"] == "stage_done" and event["fresh"]}
    assert not fresh & {"data", "features", "train", "measure"}


def test_an_impossible_budget_is_an_answer(ran):
    folder, _ = ran
    done = trimtab(folder, "run", "--json", "--set", "budget.size=1kB")
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 4
    assert result["verdict"] == "infeasible"
    assert result["binding"] == "size"
    assert result["bundle"] is None
    assert "times the budget" in done.stderr
    assert len(result["nearest"]) == 3


def test_other_rows_under_the_same_path_are_another_run(ran, tmp_path):
    small_project(tmp_path, **_same_encoder(ran[0]), compress=["fp32"])
    first = _result(trimtab(tmp_path, "run", "--json"))
    kept = {path: path.read_bytes() for path in Path(first["report"]).parent.iterdir()}
    assert first["test_look"] == 1
    with (tmp_path / "train.csv").open("a") as stream:
        stream.write("i cannot remember whether this card was ever activated,activate_my_card\n")
    second = _result(trimtab(tmp_path, "run", "--json"))
    assert Path(second["report"]).parent != Path(first["report"]).parent
    assert {path: path.read_bytes() for path in kept} == kept
    assert second["test_look"] == 2
    assert "look 2 at them" in Path(second["report"]).read_text()
    assert second["decision"]["compared"][0]["version"] == first["version"]
    assert trimtab(tmp_path, "history").returncode == 0


KILLS = (
    ("data", "stage_started"),
    ("train", "batch_done"),
    ("train", "epoch_done", "batch_done"),
    ("compress-student", "stage_started"),
    ("student", "epoch_done", "batch_done"),
    ("measure", "stage_done"),
    ("test", "stage_started"),
    ("bundle", "stage_started"),
    ("bundle", "stage_done"),
    (None, "released"),
)
"""Where each try is killed: at the last of these events of a stage, seen in this order, or soon after it.

After an epoch there is a checkpoint, so the next try has to go on from it.
"""


def test_a_run_killed_in_every_stage_ends_with_the_same_model_and_repeats_no_finished_stage(ran, tmp_path):
    budget, winner = _only_one_fits(ran[1][-1])
    whole = _result(trimtab(ran[0], "run", "--json", *budget))
    small_project(tmp_path, **_same_encoder(ran[0]))
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(tmp_path), "run", "--json", *budget]
    rng = random.Random(int(os.environ.get("KILL_SEED", "0")))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch)}
    finished: set[tuple[str, int]] = set()
    resumed = None
    for stage, *events in KILLS:
        skip = rng.randrange(3) if events == ["batch_done"] else 0
        told = _killed_at(command, environment, stage, [*events, *events[-1:] * skip])
        _no_stage_twice(told, finished)
        if resumed is not None:
            assert _first_step(told, resumed) > 0, f"{resumed} began anew"
        resumed = stage if "epoch_done" in events else None
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert not [*scratch.rglob("bundle.json"), *tmp_path.rglob("*.part")], "a killed run left bundles behind"
    told = _events(done.stdout)
    _no_stage_twice(told, finished)
    result = told[-1]
    assert result["winner"]["name"] == whole["winner"]["name"] == winner
    for stage in ("data", "features", "train"):
        assert _hash_of(result["folders"][stage]) == _hash_of(whole["folders"][stage]), stage
    names = [each["name"] for each in whole["candidates"]]
    assert names == [each["name"] for each in result["candidates"]]
    for name in names:
        assert _hash_of(_candidate(result, name)) == _hash_of(_candidate(whole, name)), name
    assert _hash_of(result["bundle"]) == _hash_of(whole["bundle"])
    _decided_once(tmp_path, result)


def _only_one_fits(result: dict) -> tuple[list[str], str]:
    """A budget that the smallest accurate candidate alone keeps: which is fastest is a measurement."""
    accurate = [
        each
        for each in result["candidates"]
        if any(use["budget"] == "accuracy_drop" and use["used"] <= 1 for use in each.get("uses", ()))
    ]
    first, second = sorted(accurate, key=lambda each: each["size_bytes"])[:2]
    assert first["size_bytes"] < second["size_bytes"]
    return ["--set", f"budget.size={first['size_bytes']}B"], first["name"]


def _killed_at(
    command: list[str], environment: dict[str, str], stage: str | None, events: list[str]
) -> list[dict]:
    """What a run tells until it is killed, which is when a stage has told `events`, in this order."""
    told, awaited = [], list(events)
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(json.loads(line))
            if (told[-1]["event"], told[-1].get("stage")) == (awaited[0], stage):
                del awaited[0]
            if not awaited:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL, "the run ended before it came there"
    return told


def _first_step(told: list[dict], stage: str) -> int:
    """The step at which a stage's training began."""
    return next(
        event["step"] for event in told if (event["event"], event.get("stage")) == ("fit_started", stage)
    )


def _decided_once(folder: Path, result: dict) -> None:
    """The registry holds one look, one version, one decision; the run's folder holds the result."""
    releases = Releases(folder / ".trimtab" / "registry.db")
    entries = releases.history()
    releases.close()
    assert [entry.action for entry in entries] == ["touch", "register", "promote"]
    assert (result["test_look"], result["decision"]["action"]) == (1, "promote")
    (run,) = folder.glob(".trimtab/runs/*")
    assert json.loads((run / "result.json").read_text()) == result


def _hash_of(folder: Path | str) -> str:
    """The hash of what a folder holds, measurements aside."""
    return folder_hash(Path(folder), (STAMP, *MEASURED))


def _result(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_on_a_cluster_of_its_own_learns_the_same(ran, tmp_path):
    small_project(tmp_path, **_same_encoder(ran[0]))
    with TemporaryDirectory() as short, pytest.MonkeyPatch.context() as patch:  # sockets have short names
        patch.setenv("RAY_TMPDIR", short)
        patch.delenv("RAY_ADDRESS", raising=False)
        done = trimtab(tmp_path, "run", "--json", "--set", "engine=ray")
        assert done.returncode == 0, done.stderr
        assert list(Path(short).glob("ray/session_*")), "Ray was started"
    told = _events(done.stdout)
    for stage in ("data", "features", "train"):
        one, two = (_hash_of(each["folders"][stage]) for each in (told[-1], ran[1][-1]))
        assert one == two, stage


def _same_encoder(folder: Path) -> dict[str, object]:
    spec = json.loads((folder / "trimtab.yaml").read_text())
    return {"model": spec["model"]}


def _candidate(result: dict, name: str) -> Path:
    return Path(next(each["folder"] for each in result["candidates"] if each["name"] == name))


def _events(text: str) -> list[dict]:
    whole = [line for line in text.splitlines() if line.endswith("}")]
    return [json.loads(line) for line in whole]


def _no_stage_twice(told: list[dict], finished: set[tuple[str, int]]) -> None:
    """A stage told as done is never made again: later runs find it, at the same place in the chain."""
    done = [event for event in told if event["event"] == "stage_done"]
    for place, event in enumerate(done):
        key = (event["stage"], place)
        assert not (event["fresh"] and key in finished), key
        finished.add(key)
