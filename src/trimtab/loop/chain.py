"""The chain: clean, features, train and tune, compress, measure, choose, bundle, register, report."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trimtab import __version__
from trimtab.core.objects import Candidate
from trimtab.core.releases import Releases
from trimtab.core.spec_file import ReadSpec
from trimtab.core.store import Store, value_hash, write_json
from trimtab.loop.fetch import use_hub
from trimtab.loop.home import Home
from trimtab.loop.learning import data_stage, feature_stage, train_stage
from trimtab.loop.lock import only_one
from trimtab.loop.plan import read_and_check
from trimtab.loop.recording import Evidence, record_of, result_of
from trimtab.loop.report import render
from trimtab.loop.shipping import bundle_stage, release, test_stage
from trimtab.loop.shrinking import Shrunk, compress_stage, judge, measure_stage
from trimtab.loop.stages import Tell, Workshop, nobody


@dataclass(frozen=True)
class Result:
    """What a run ends with; `data` is the object that `--json` prints and result.json holds."""

    data: Mapping[str, Any]
    folder: Path

    @property
    def verdict(self) -> str:
        """`met` or `infeasible`."""
        return str(self.data["verdict"])

    @property
    def bundle(self) -> Path | None:
        """The deployed bundle; None when the budget cannot be met."""
        return None if self.data["bundle"] is None else Path(self.data["bundle"])

    @property
    def report(self) -> Path:
        """The HTML report."""
        return Path(self.data["report"])


def run(
    file: Path | str = "trimtab.yaml",
    overrides: Sequence[str] = (),
    offline: bool = False,
    tell: Tell = nobody,
) -> Result:
    """Run the whole chain of a spec file, or what is left of it.

    Finished stages are found again by the hash of their inputs, so the same command after an
    interruption goes on where it stopped and repeats nothing.

    Raises:
        SpecErrors: the file is wrong, every mistake at once.
        TrimtabError: a stage failed; the message says where and what to do.
    """
    read = read_and_check(Path(file), overrides)
    home = Home.of(read.file)
    use_hub(home.hub, offline)
    with only_one(home.root, "run"):
        return _run(read, home.root, tell)


def _run(read: ReadSpec, home: Path, tell: Tell) -> Result:
    folder = home / "runs" / value_hash(read.spec.model_dump(mode="json"))[:12]
    folder.mkdir(parents=True, exist_ok=True)
    shop = Workshop(read.spec, read.folder, Store(home / "store"), tell)
    evidence = _work(shop, read)
    shipped = None
    if evidence.shrunk.verdict.winner is not None:
        shipped = _ship(shop, home, folder, evidence)
    report = folder / "report.html"
    result = result_of(evidence, shipped, report)
    record = record_of(evidence, read, folder, result, [Path(sys.argv[0]).name, *sys.argv[1:]])
    write_json(folder / "record.json", record)
    report.write_text(render(record), encoding="utf-8")
    write_json(folder / "result.json", result)
    return Result(result, folder)


def _work(shop: Workshop, read: ReadSpec) -> Evidence:
    data, cleaned = data_stage(shop, read.place)
    features, rows = feature_stage(shop, data, cleaned, read.place)
    learnt = train_stage(shop, features, rows)
    candidates, compress_seconds = compress_stage(shop, learnt, rows)
    measured, measure_seconds = measure_stage(shop, candidates, rows, features.hash)
    drops, verdict = judge(shop, measured, rows.targets("valid"))
    found = {each.candidate.name: each.candidate for each in measured}
    tested, test_seconds = test_stage(shop, tuple(found.values()), verdict.winner, rows, features.hash)
    seconds = {
        "data": data.seconds,
        "features": features.seconds,
        "train": learnt.seconds,
        "compress": compress_seconds,
        "measure": measure_seconds,
        "test": test_seconds,
    }
    latencies = {each.candidate.name: each.latencies for each in measured}
    whole = tuple(found.get(each.name, each) for each in candidates)
    shrunk = Shrunk(whole, drops, verdict, latencies, seconds)
    folders = {"data": data.folder, "features": features.folder, "train": learnt.stage.folder}
    return Evidence(
        shop.spec,
        rows,
        learnt,
        shrunk,
        tested,
        {name: str(folder) for name, folder in folders.items()},
        features.hash,
    )


def _ship(shop: Workshop, home: Path, folder: Path, evidence: Evidence) -> dict[str, Any]:
    """Bundle and register the winner."""
    winner = next(each for each in evidence.shrunk.candidates if each.name == evidence.shrunk.verdict.winner)
    bundle, _ = bundle_stage(shop, winner, evidence.rows, evidence.rows_hash, _manifest(evidence, winner))
    releases = Releases(home / "registry.db")
    try:
        decision = release(bundle, evidence.rows, releases, folder.name, shop.spec.budget.accuracy_drop)
    finally:
        releases.close()
    shop.tell({"event": "released", "version": bundle.version, **decision})
    return {"bundle": bundle.folder, "version": bundle.version, "decision": decision}


def _manifest(evidence: Evidence, winner: Candidate) -> dict[str, Any]:
    """What bundle.json says: measurements, and the proof against the budget."""
    spec, tested = evidence.spec, evidence.tested
    return {
        "name": winner.name,
        "task": spec.task,
        "trimtab": __version__,
        "signature": {"inputs": {"text": "string"}, "outputs": {"label": "string", "confidence": "float32"}},
        "measured": evidence.summary(winner.name),
        "teacher": evidence.teacher(),
        "proof": {
            "budget": spec.budget.model_dump(mode="json"),
            "binding": evidence.shrunk.verdict.binding,
            "drop_on_valid": asdict(evidence.shrunk.drops[winner.name]),
            f"drop_on_{tested.part}": asdict(tested.drop(winner.name)),
        },
    }
