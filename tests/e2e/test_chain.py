"""The whole chain on a small project, through the command line, as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from projects import small_project
from trimtab import load
from trimtab.core.bundle import MEASURED, Bundle
from trimtab.core.releases import Releases
from trimtab.core.store import folder_hash

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
    assert not any(event["fresh"] for event in told if event["event"] == "stage_done")
    assert told[-1]["version"] == events[-1]["version"]


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


def test_a_run_killed_at_random_moments_ends_with_the_same_model_and_repeats_no_finished_stage(ran, tmp_path):
    small_project(tmp_path, **_same_encoder(ran[0]))
    command = [sys.executable, "-m", "trimtab.cli", "-C", str(tmp_path), "run", "--json"]
    rng = random.Random(int(os.environ.get("KILL_SEED", "0")))
    finished: set[tuple[str, int]] = set()
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(rng.uniform(2, 14))
        process.send_signal(signal.SIGKILL)
        told = _events(process.communicate()[0])
        _no_stage_twice(told, finished)
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 3, "the machine is so fast that most runs had ended: shorten the waits"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = _events(done.stdout)
    _no_stage_twice(told, finished)
    whole = ran[1][-1]
    for stage in ("data", "features", "train"):
        assert folder_hash(Path(told[-1]["folders"][stage])) == folder_hash(Path(whole["folders"][stage])), (
            stage
        )
    for name in ("ort-fp32", "ort-int8", "student-int8", "shallow-int8", "cascade"):
        one, two = (_candidate(result, name) for result in (told[-1], whole))
        assert folder_hash(one) == folder_hash(two), name
    if told[-1]["winner"]["name"] == whole["winner"]["name"]:  # which is fastest is a measurement
        one, two = (folder_hash(Path(each["bundle"]), MEASURED) for each in (told[-1], whole))
        assert one == two


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
