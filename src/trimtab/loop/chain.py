"""The chain: clean, features, train and tune, compress, measure, choose, bundle, register, report."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trimtab import __version__
from trimtab.core.bundle import Bundle
from trimtab.core.objects import Candidate
from trimtab.core.releases import Releases
from trimtab.core.spec_file import ReadSpec
from trimtab.core.store import Store, value_hash, write_json
from trimtab.loop.evidence import Evidence, result_of, run_id
from trimtab.loop.fetch import use_hub
from trimtab.loop.home import Home
from trimtab.loop.learning import check_lengths, data_files, data_stage, feature_stage, train_stage
from trimtab.loop.lock import only_one
from trimtab.loop.measuring import measure_stage
from trimtab.loop.plan import read_and_check
from trimtab.loop.promotion import release
from trimtab.loop.recording import record_of
from trimtab.loop.report import render
from trimtab.loop.shipping import bundle_stage, test_stage
from trimtab.loop.shrinking import Shrunk, compress_stage, judge
from trimtab.loop.stages import Tell, Workshop, nobody

RECORD, REPORT, RESULT = "record.json", "report.html", "result.json"
PLACES = ("bundle", "candidates", "folders", "report")
"""What of a result names folders, by their whole paths."""


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
    interruption goes on where it stopped and repeats nothing, its decision included. Whatever leads to
    other evidence (other rows, another setting, another measurement) is another run in a folder of its own.

    Raises:
        SpecErrors: the file is wrong, every mistake at once.
        TrimtabError: a stage failed; the message says where and what to do.
    """
    read = read_and_check(Path(file), overrides)
    home = Home.of(read.file)
    use_hub(home.hub, offline)
    with only_one(home.root, "run"):
        return _run(read, home, tell)


def _run(read: ReadSpec, home: Home, tell: Tell) -> Result:
    def damaged(folder: Path) -> None:
        tell({"event": "damaged", "folder": str(folder)})

    shop = Workshop(read.spec, read.folder, Store(home.root / "store", damaged), tell)
    with closing(Releases(home.registry)) as releases:
        evidence = _work(shop, read, releases)
        bundle = _bundle(shop, evidence)
        found = result_of(evidence, bundle)
        folder = home.root / "runs" / run_id(read.spec, found, home.root)
        decision = None
        if bundle is not None:
            allowed = read.spec.budget.accuracy_drop
            decision, fresh = release(bundle, evidence.rows, releases, folder.name, allowed)
            tell({"event": "released", "version": bundle.version, "fresh": fresh, **decision})
    result = {**found, "decision": decision, "report": str((folder / REPORT).resolve())}
    return Result(_kept(folder, evidence, read, result), folder)


def _kept(folder: Path, evidence: Evidence, read: ReadSpec, result: dict[str, Any]) -> dict[str, Any]:
    """Write the files of a run, its result last; a finished run is never written again."""
    if all((folder / name).is_file() for name in (RECORD, REPORT, RESULT)):
        (folder / REPORT).touch()  # the latest run
        kept = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return {**kept, **{name: result[name] for name in PLACES}}  # the project may have been moved
    folder.mkdir(parents=True, exist_ok=True)
    record = record_of(evidence, read, folder, result, [Path(sys.argv[0]).name, *sys.argv[1:]])
    write_json(folder / RECORD, record)
    (folder / REPORT).write_text(render(record), encoding="utf-8")
    write_json(folder / RESULT, result)
    return result


def _work(shop: Workshop, read: ReadSpec, releases: Releases) -> Evidence:
    check_lengths(shop, read.place)
    files = data_files(shop, read.place)
    data, cleaned = data_stage(shop, files, read.place)
    features, rows = feature_stage(shop, data, cleaned, read.place)
    learnt = train_stage(shop, features, rows)
    candidates, compress_seconds = compress_stage(shop, learnt, rows)
    measured, measure_seconds = measure_stage(shop, candidates, rows, features.hash)
    drops, verdict = judge(shop, measured, rows.targets("valid"))
    found = {each.candidate.name: each.candidate for each in measured}
    touch = partial(releases.touch, value_hash(files.get("test")))
    tested, test_seconds = test_stage(shop, tuple(found.values()), verdict.winner, rows, features.hash, touch)
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


def _bundle(shop: Workshop, evidence: Evidence) -> Bundle | None:
    """The winner as a bundle, if there is one."""
    if evidence.shrunk.verdict.winner is None:
        return None
    winner = evidence.candidate(evidence.shrunk.verdict.winner)
    bundle, _ = bundle_stage(shop, winner, evidence.rows, evidence.rows_hash, _manifest(evidence, winner))
    return bundle


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
            "test_look": tested.look,
        },
    }
