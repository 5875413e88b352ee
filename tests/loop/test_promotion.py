"""Who becomes champion, on which evidence, and only once."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import polars as pl
import pytest

from tiny import LABELS, tiny_model, tiny_tokens
from trimtab.core.audit import anchor_of
from trimtab.core.bundle import Bundle, write_bundle
from trimtab.core.errors import BundleError
from trimtab.core.measure import Paired, paired_drop
from trimtab.core.objects import Batch, Splits
from trimtab.core.releases import Releases
from trimtab.core.store import write_checksums, write_json
from trimtab.loop.promotion import judge, release

ROWS = 1000


@pytest.fixture
def releases(tmp_path):
    """A registry with bundles that hold no model: `judge` is told how they compare."""
    opened = Releases(tmp_path / "registry.db")
    for number in range(12):
        folder = tmp_path / f"v{number}"
        folder.mkdir()
        write_json(folder / "bundle.json", {"format": 1, "version": folder.name, "labels": []})
        write_checksums(folder)
        opened.register(folder.name, folder, {})
    yield opened
    opened.close()


def answers(wrong: int, among: int = ROWS) -> np.ndarray:
    """Right answers but for `wrong` of the first `among` rows."""
    right = np.ones(ROWS, dtype=bool)
    right[np.random.default_rng(wrong).permutation(among)[:wrong]] = False
    return right


def comparing(right: dict[str, np.ndarray], version: str):
    return lambda other: paired_drop(right[other], right[version], level=0.9)


def turn(releases, right, version, allowed):
    """One run's decision; its action."""
    act, reasons = judge(version, releases.history(), comparing(right, version), allowed)
    champion = releases.alias("champion")
    assert releases.decide(act, version, reasons, champion and champion[0])
    return act


def test_without_a_stated_drop_an_equal_model_replaces_the_champion(releases):
    """Equal on the whole, but not row by row: a model that was trained again."""
    right = {"v0": answers(70), "v1": answers(71), "v2": answers(72)}
    assert [turn(releases, right, version, None) for version in right] == ["promote"] * 3
    assert releases.alias("champion")[0] == "v2"
    why = releases.history()[-1].body["why"]
    assert "against the champion (v1) accuracy drops by" in why
    assert "no accuracy_drop is stated" in why


def test_without_a_stated_drop_a_worse_model_is_refused(releases):
    right = {"v0": answers(70), "v1": answers(110)}
    assert [turn(releases, right, version, None) for version in right] == ["promote", "challenge"]


def test_within_the_stated_drop_it_must_be_shown_to_stay(releases):
    same = answers(70)
    right = {"v0": same, "v1": answers(71), "v2": same}
    assert turn(releases, right, "v0", 0.005) == "promote"
    assert turn(releases, right, "v1", 0.005) == "challenge"  # as good, but 1,000 rows cannot show it
    assert turn(releases, right, "v2", 0.005) == "promote"
    assert "at most 0.50% is allowed" in releases.history()[-1].body["why"]


@pytest.mark.parametrize(("allowed", "more", "most"), [(0.01, 4, 0.02), (None, 2, 0.01)])
def test_small_losses_do_not_add_up(releases, allowed, more, most):
    """Each version errs where the one before did, and on a few rows more: too few to refuse it for them."""
    right = {f"v{number}": np.arange(ROWS) >= 50 + more * number for number in range(12)}
    acts = [turn(releases, right, version, allowed) for version in right]
    assert acts[0] == acts[1] == "promote"
    assert acts[-1] == "challenge"
    champion = right[releases.alias("champion")[0]]
    assert right["v0"].mean() - champion.mean() <= most
    assert "the version from which losses count (v0)" in releases.history()[-1].body["why"]


def test_the_anchor_moves_on_to_a_version_that_is_shown_to_be_better(releases):
    right = {"v0": answers(120), "v1": answers(60), "v2": answers(61)}
    for version in ("v0", "v1"):
        turn(releases, right, version, 0.03)
    assert anchor_of(releases.history()) == "v1"
    turn(releases, right, "v2", 0.03)
    assert releases.alias("champion")[0] == "v2"
    assert anchor_of(releases.history()) == "v1"


def test_a_version_that_was_rolled_back_stays_so(releases):
    right = {"v0": answers(70), "v1": answers(60)}
    assert [turn(releases, right, version, None) for version in right] == ["promote", "promote"]
    releases.rollback({})
    assert turn(releases, right, "v1", None) == "keep"
    assert releases.alias("champion")[0] == "v0"


def test_the_champion_and_the_challenger_are_kept(releases):
    right = {"v0": answers(70), "v1": answers(200)}
    found = [turn(releases, right, version, None) for version in ("v0", "v1", "v0", "v1")]
    assert found == ["promote", "challenge", "keep", "keep"]


def gone(right, version, *missing):
    def compare(other: str) -> Paired:
        if other in missing:
            raise BundleError(other, "not a bundle: no such folder", "copy it back")
        return comparing(right, version)(other)

    return compare


def test_it_promotes_nothing_over_a_champion_that_cannot_be_read(releases):
    releases.promote("v0", {})
    act, reasons = judge("v1", releases.history(), gone({}, "v1", "v0"), None)
    assert act == "challenge"
    assert reasons["why"] == (
        "nothing to compare with (v0: not a bundle: no such folder); `trimtab promote v1` takes it"
    )


def test_losses_count_from_the_champion_where_the_anchor_is_gone(releases):
    right = {"v1": answers(70), "v2": answers(71)}
    releases.promote("v0", {})
    releases.promote("v1", {"anchor": "v0"})
    act, reasons = judge("v2", releases.history(), gone(right, "v2", "v0"), None)
    assert (act, reasons["anchor"]) == ("promote", "v1")


TEXTS = [f"my {word} number {at}" for at in range(30) for word in ("card lost", "cash atm", "transfer send")]


def rows_of() -> Splits:
    columns = pl.DataFrame({"text": TEXTS, "label": list(LABELS) * 30})
    batch = Batch(columns, np.arange(len(columns)))
    return Splits(batch, batch, None, (), LABELS, "text", "label")


def bundle_of(folder, labels=LABELS, seed=0) -> Bundle:
    """A bundle that answers every text right, or with other labels every text of those wrong."""
    facts = {"name": "tiny", "task": "text-classification", "measured": {"accuracy": 1.0}}
    model = tiny_model(folder.with_name(f"{folder.name}-model"), seed)
    return write_bundle(folder, model, [tiny_tokens()], labels, facts)


@pytest.fixture
def registry(tmp_path):
    opened = Releases(tmp_path / "home" / "registry.db")
    yield opened
    opened.close()


def test_a_run_decides_once(registry, tmp_path):
    first = bundle_of(tmp_path / "first")
    decision, fresh = release(first, rows_of(), registry, "run1", 0.05)
    assert fresh
    assert (decision["action"], decision["why"], decision["run"]) == ("promote", "the first version", "run1")
    before = registry.history()
    assert release(first, rows_of(), registry, "run1", 0.05) == (decision, False)
    assert registry.history() == before
    other, _ = release(first, rows_of(), registry, "run2", 0.05)
    assert (other["action"], other["why"]) == ("keep", "it is the champion already")


def test_it_compares_real_models_on_the_validation_rows(registry, tmp_path):
    release(bundle_of(tmp_path / "good"), rows_of(), registry, "run1", 0.05)
    worse = bundle_of(tmp_path / "worse", ("cash", "card", "transfer"))
    decision, _ = release(worse, rows_of(), registry, "run2", 0.05)
    assert decision["action"] == "challenge"
    (found,) = decision["compared"]
    assert (found["drop"], found["rows"]) == (pytest.approx(2 / 3), len(TEXTS))
    equal = bundle_of(tmp_path / "equal", seed=1)
    decision, _ = release(equal, rows_of(), registry, "run3", 0.05)
    assert (decision["action"], decision["compared"][0]["drop"]) == ("promote", 0.0)


def test_a_damaged_champion_is_not_taken_for_a_worse_one(registry, tmp_path):
    first = bundle_of(tmp_path / "first")
    release(first, rows_of(), registry, "run1", None)
    shutil.rmtree(first.folder)
    decision, _ = release(bundle_of(tmp_path / "next", seed=1), rows_of(), registry, "run2", None)
    assert decision["action"] == "challenge"
    assert decision["why"].startswith("nothing to compare with")


def test_two_runs_at_once_are_each_compared_with_the_champion_they_replace(registry, tmp_path):
    release(bundle_of(tmp_path / "first"), rows_of(), registry, "run0", None)
    bundles = [bundle_of(tmp_path / f"next{seed}", seed=seed) for seed in (1, 2, 3, 4)]

    def work(bundle: Bundle) -> None:
        own = Releases(registry.file)
        release(bundle, rows_of(), own, bundle.version, None)
        own.close()

    workers = [threading.Thread(target=work, args=(bundle,)) for bundle in bundles]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    moves = [entry for entry in registry.history() if entry.action == "promote"][1:]
    assert {entry.version for entry in moves} == {bundle.version for bundle in bundles}
    assert all(entry.body["compared"][0]["version"] == entry.body["replaces"] for entry in moves)
