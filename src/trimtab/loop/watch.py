"""Watches a served model: every full window of its request log is one look, and each look one decision.

What was read and how many looks were taken stand in `watch-VERSION.json`, so the promise about false alarms
holds over any number of calls. It is written last: a call that is killed repeats its look with the same
number and the same requests. A new version of the model starts at look 1 with the whole of alpha; one that
comes back by a rollback goes on where it was, and so does one whose state was lost, by the decisions it left.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.core.bundle import Bundle
from trimtab.core.errors import BundleError, ConfigError, EnvironmentFault
from trimtab.core.objects import Decision, Finding, Window
from trimtab.core.releases import Releases
from trimtab.core.requests import note_read
from trimtab.core.spec import BudgetSpec, WatchSpec
from trimtab.core.store import write_json
from trimtab.loop.decide import Look, Novel, decide, waiting, warning
from trimtab.loop.lock import only_one
from trimtab.monitor.drift import SPANS, alpha_at, level_of, look_at
from trimtab.monitor.latency import slow_tail
from trimtab.monitor.profile import Profile, Traits
from trimtab.monitor.window import Cut, Windows, request_times, traits_of
from trimtab.runtime.predict import Predictor, load

STATE = "watch-{version}.json"
DECISION = "{version}-{look:06d}.json"
EXAMPLES = 5
"""Most novel texts that a decision shows."""


@dataclass(frozen=True)
class State:
    """Where watching one version stands: looks taken, bytes of each segment dealt with, traits of the newest
    windows."""

    version: str
    looks: int = 0
    read: dict[str, int] = field(default_factory=dict)
    recent: tuple[Traits, ...] = ()


def watch(
    bundle_folder: Path,
    log_folder: Path,
    spec: WatchSpec,
    releases: Releases | None,
    state_folder: Path,
) -> Decision:
    """Look at all full windows since the last call; the decision of the last alarm, else of the last look.

    Each look's findings and decision go to `decisions/` in `state_folder` and to the log of `releases`;
    the one returned stands in `decision.json` too.

    Raises:
        ConfigError: the folder of the request log does not exist.
        BundleError: the bundle cannot be read, or has no reference profile.
        EnvironmentFault: another watcher works in `state_folder`.
    """
    if not log_folder.is_dir():
        raise ConfigError(
            str(log_folder), "no request log here", "start `trimtab serve` with serve.log: true"
        )
    with only_one(state_folder, "watcher"):
        return _watch(bundle_folder, log_folder, spec, releases, state_folder)


def _watch(
    bundle_folder: Path, log_folder: Path, spec: WatchSpec, releases: Releases | None, state_folder: Path
) -> Decision:
    predictor = load(bundle_folder)
    bundle, profile = predictor.bundle, _profile(predictor.bundle)
    decisions = state_folder / "decisions"
    decisions.mkdir(parents=True, exist_ok=True)
    noted = state_folder / STATE.format(version=bundle.version)
    state = load_state(noted, bundle.version, decisions)
    save_state(noted, state)  # so that a state that is missing later was lost, not yet to come
    windows = Windows(log_folder, bundle.version, bundle.labels, spec.drift.window, state.read)
    said: Decision | None = None
    for each in windows:
        traits = traits_of(each.window, profile, lambda texts: _embed(predictor, texts))
        recent = (*state.recent, traits)[-max(SPANS) :]
        look = _look(each, profile, recent, state.looks + 1, spec, bundle)
        decision = decide(look, bundle.version, spec.retrain)
        # only the first look of a call can have been noted before, by a watcher that was killed
        _record(decision, look, each.window, releases, decisions, may_be_noted=said is None)
        state = State(bundle.version, look.number, dict(each.read), recent)
        save_state(noted, state)
        if said is None or said.action == "keep" or decision.action == "retrain":
            said = decision
    said = said or waiting(bundle.version, windows.left, spec.drift.window, state.looks)
    said = replace(said, reasons=(*said.reasons, *warning(windows.torn)))
    save_state(noted, replace(state, read=windows.read))
    _tell_server(log_folder, bundle.version, windows.read)
    write_json(state_folder / "decision.json", asdict(said))
    return said


def load_state(path: Path, version: str, decisions: Path) -> State:
    """The state in `path`. Where there is none nothing was read, and the looks are those that left decisions.

    Looks at requests that were looked at before spend of alpha what is left: the promise holds.
    """
    if not path.is_file():
        return State(version, max(map(_look_of, decisions.glob(f"{version}-*.json")), default=0))
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        recent = tuple(Traits(**{name: np.array(row) for name, row in one.items()}) for one in body["recent"])
        return State(version, int(body["looks"]), dict(body["read"]), recent)
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentFault(
            str(path),
            f"not a watch state ({error})",
            "move it away; watching then reads the whole log again, and goes on counting its looks",
        ) from error


def _look_of(decision: Path) -> int:
    return int(decision.stem.rpartition("-")[2])


def save_state(path: Path, state: State) -> None:
    """Write the state whole or not at all."""
    recent = [{name: row.tolist() for name, row in asdict(one).items()} for one in state.recent]
    write_json(path, {"version": state.version, "looks": state.looks, "read": state.read, "recent": recent})


def _look(
    cut: Cut, profile: Profile, recent: tuple[Traits, ...], number: int, spec: WatchSpec, bundle: Bundle
) -> Look:
    window, drift, budget_ms = cut.window, spec.drift, _budget_ms(bundle)
    others = 0 if budget_ms is None else 1
    findings: list[Finding] = look_at(profile, recent, number, drift.alpha, drift.least, others)
    if budget_ms is not None:
        level = level_of(number, drift.alpha, others)
        findings.append(slow_tail(request_times(window), budget_ms, level))
    novel = []
    for at in np.argsort(recent[-1].nearest, kind="stable")[:EXAMPLES]:
        answer = bundle.labels[int(window.labels[at])]
        novel.append(Novel(window.texts[at], float(recent[-1].nearest[at]), answer))
    return Look(number, alpha_at(number, drift.alpha), tuple(findings), tuple(novel), cut.torn)


def _record(
    decision: Decision,
    look: Look,
    window: Window,
    releases: Releases | None,
    decisions: Path,
    may_be_noted: bool,
) -> None:
    body: dict[str, Any] = {
        "look": look.number,
        "spent": look.spent,
        "requests": len(window),
        "first": float(window.at[0]),
        "last": float(window.at[-1]),
        **asdict(decision),
    }
    write_json(decisions / DECISION.format(version=decision.subject, look=look.number), body)
    noted = may_be_noted and releases is not None and _is_noted(releases, decision.subject, look.number)
    if releases is not None and not noted:
        releases.note(decision.action, decision.subject, body)


def _is_noted(releases: Releases, version: str, look: int) -> bool:
    """Whether this look was recorded by a watcher that was killed before it could save its state."""
    return any(entry.version == version and entry.body.get("look") == look for entry in releases.history())


def _tell_server(log_folder: Path, version: str, read: dict[str, int]) -> None:
    """Note how far the log was read; where it is mounted read-only, the server must do without."""
    try:
        note_read(log_folder, version, read)
    except OSError as error:
        said = f"{log_folder}: cannot note how far it was read ({error.strerror}); the server will warn"
        print(f"{said} whenever it deletes an old segment", file=sys.stderr)


def _profile(bundle: Bundle) -> Profile:
    place = bundle.folder / "profile"
    if not place.is_dir():
        raise BundleError(str(place), "the bundle has no reference profile", "run `trimtab run` again")
    return Profile.of(str(place), bundle.profile())


def _budget_ms(bundle: Bundle) -> float | None:
    """The p99 that the bundle was chosen for; None when none was asked (`BudgetSpec` counts seconds)."""
    stated = bundle.manifest.get("proof", {}).get("budget", {})
    seconds = BudgetSpec.model_validate(stated).latency_p99
    return None if seconds is None else seconds * 1e3


def _embed(predictor: Predictor, texts: Any) -> np.ndarray:
    found = predictor.output(list(texts), embed=True).embedding
    if found is None:
        raise BundleError(str(predictor.bundle.model), "gives no embeddings", "run `trimtab run` again")
    return found
