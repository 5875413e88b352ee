"""`watch` reads the request log, looks at each full window once, and decides."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tiny import NEW, profiled_bundle, texts
from trimtab.core.errors import BundleError, ConfigError, EnvironmentFault
from trimtab.core.releases import Releases
from trimtab.core.requests import Request
from trimtab.core.spec import BudgetSpec, DriftSpec, WatchSpec
from trimtab.loop.lock import only_one
from trimtab.loop.watch import watch
from trimtab.monitor.profile import entropy
from trimtab.runtime.predict import Predictor, load

SPEC = WatchSpec(drift=DriftSpec(window=100), retrain="propose")


@pytest.fixture
def watched(tmp_path) -> Predictor:
    manifest = {"proof": {"budget": BudgetSpec(latency_p99="15ms").model_dump(mode="json")}}
    return load(profiled_bundle(tmp_path, manifest, train_rows=200, valid_rows=400).folder)


def serve(predictor: Predictor, log: Path, asked: list[str], latency_ms: float = 4.0) -> None:
    """Answer texts and log them as the server does."""
    log.mkdir(exist_ok=True)
    found = predictor.output(asked).probabilities
    path = log / "requests.jsonl"
    start = path.stat().st_size if path.exists() else 0
    with path.open("ab") as stream:
        for at, (text, row) in enumerate(zip(asked, found, strict=True)):
            label, unsure = predictor.bundle.labels[int(row.argmax())], float(entropy(row[None])[0])
            one = Request(
                start + at, predictor.bundle.version, text, label, float(row.max()), unsure, latency_ms
            )
            stream.write(one.line())


def noted(state: Path, predictor: Predictor) -> Path:
    return state / f"watch-{predictor.bundle.version}.json"


def test_it_keeps_a_model_that_sees_what_it_was_made_for(watched, tmp_path):
    serve(watched, tmp_path / "log", texts(np.random.default_rng(1), 1000))
    said = watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
    assert said.action == "keep"
    assert said.reasons[0].startswith("no alarm at look 10")
    assert len(list((tmp_path / "state" / "decisions").iterdir())) == 10


def test_it_proposes_retraining_once_new_words_come(watched, tmp_path):
    rng = np.random.default_rng(1)
    releases = Releases(tmp_path / "registry.db")
    serve(watched, tmp_path / "log", texts(rng, 200))
    assert watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state").action == "keep"
    serve(watched, tmp_path / "log", texts(rng, 60) + texts(rng, 40, NEW))
    said = watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    assert said.action == "retrain"
    assert said.subject == watched.bundle.version
    assert any(reason.startswith("nearest_cosine: ") for reason in said.reasons)
    examples = [reason for reason in said.reasons if reason.startswith("novel (cosine ")]
    assert len(examples) == 5
    assert all(any(word in one for word in NEW) for one in examples)
    assert json.loads((tmp_path / "state" / "decision.json").read_text())["action"] == "retrain"
    assert [(entry.action, entry.body["look"]) for entry in releases.history()] == [
        ("keep", 1),
        ("keep", 2),
        ("retrain", 3),
    ]
    releases.close()


def test_it_counts_looks_over_repeated_calls_and_reads_nothing_twice(watched, tmp_path):
    rng = np.random.default_rng(1)
    for call in range(1, 4):
        serve(watched, tmp_path / "log", texts(rng, 150))
        watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
        state = json.loads(noted(tmp_path / "state", watched).read_text())
        assert state["looks"] == call * 150 // 100
    said = watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
    assert said.reasons == ("50 of 100 requests until look 5",)


def test_it_decides_the_same_in_one_call_as_in_many(watched, tmp_path):
    rng = np.random.default_rng(1)
    asked = texts(rng, 100) + texts(rng, 100) + texts(rng, 80) + texts(rng, 20, NEW)
    for start in range(0, 300, 60):
        serve(watched, tmp_path / "log", asked[start : start + 60])
        watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "many")
    watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "once")
    many, once = (
        [path.read_text() for path in sorted((tmp_path / name / "decisions").iterdir())]
        for name in ("many", "once")
    )
    assert many == once
    assert len(once) == 3


def test_it_repeats_a_look_that_was_killed_before_it_was_noted(watched, tmp_path):
    releases, path = Releases(tmp_path / "registry.db"), noted(tmp_path / "state", watched)
    serve(watched, tmp_path / "log", texts(np.random.default_rng(1), 50))
    watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    before = path.read_text()
    serve(watched, tmp_path / "log", texts(np.random.default_rng(2), 50))
    watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    first = next((tmp_path / "state" / "decisions").iterdir()).read_text()
    path.write_text(before)  # as if killed just before it was written anew
    watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    assert [path.read_text() for path in (tmp_path / "state" / "decisions").iterdir()] == [first]
    assert [entry.body["look"] for entry in releases.history()] == [1]
    releases.close()


def test_it_counts_on_where_its_state_was_damaged_and_moved_away(watched, tmp_path):
    serve(watched, tmp_path / "log", texts(np.random.default_rng(1), 200))
    releases, path = Releases(tmp_path / "registry.db"), noted(tmp_path / "state", watched)
    watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    path.write_text("{")
    with pytest.raises(EnvironmentFault, match=r"not a watch state .*; move it away; watching then reads"):
        watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    path.unlink()
    watch(watched.bundle.folder, tmp_path / "log", SPEC, releases, tmp_path / "state")
    assert [entry.body["look"] for entry in releases.history()] == [1, 2, 3, 4]
    assert len(list((tmp_path / "state" / "decisions").iterdir())) == 4
    releases.close()


def test_one_watcher_works_at_a_time(watched, tmp_path):
    (tmp_path / "log").mkdir()
    with (
        only_one(tmp_path / "state", "watcher"),
        pytest.raises(EnvironmentFault, match=rf"another watcher works here \(process {os.getpid()}\)"),
    ):
        watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")


def test_it_notes_a_p99_beyond_the_budget_without_retraining(watched, tmp_path):
    rng = np.random.default_rng(1)
    serve(watched, tmp_path / "log", texts(rng, 90))
    serve(watched, tmp_path / "log", texts(rng, 10), latency_ms=60.0)
    said = watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
    assert said.action == "keep"
    assert said.reasons[0].startswith("latency_p99: p99 60 ms")


def test_each_version_has_its_own_looks_and_goes_on_with_them_after_a_rollback(watched, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "watch-another.json").write_text('{"version": "another", "looks": 40, "read": {}, "recent": []}')
    rng = np.random.default_rng(1)
    for look in (1, 2):
        serve(watched, tmp_path / "log", texts(rng, 100))
        said = watch(watched.bundle.folder, tmp_path / "log", SPEC, None, state)
        assert said.reasons[0].startswith(f"no alarm at look {look}")
    assert json.loads((state / "watch-another.json").read_text())["looks"] == 40


def test_it_says_what_it_lacks(watched, bundle, tmp_path):
    with pytest.raises(ConfigError, match=r"no request log here; start `trimtab serve`"):
        watch(watched.bundle.folder, tmp_path / "none", SPEC, None, tmp_path / "state")
    (tmp_path / "log").mkdir()
    with pytest.raises(BundleError, match="has no reference profile"):
        watch(bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
    (tmp_path / "state").mkdir(exist_ok=True)
    noted(tmp_path / "state", watched).write_text("{")
    with pytest.raises(EnvironmentFault, match=r"watch-\w+\.json: not a watch state"):
        watch(watched.bundle.folder, tmp_path / "log", SPEC, None, tmp_path / "state")
