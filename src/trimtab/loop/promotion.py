"""What becomes of a new version: champion, challenger, or neither. Each run decides once.

The new version is compared with the champion, and with the anchor: the version from which losses count.
Were it compared with the champion alone, ten versions could each give up what one may. The anchor moves on
when a version is shown to be no worse than it, or when a person decides (`trimtab.core.audit.anchor_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from trimtab.core.audit import Entry, aliases_of, anchor_of, was_rolled_back
from trimtab.core.budget import GATE_LEVEL
from trimtab.core.bundle import Bundle
from trimtab.core.errors import BundleError
from trimtab.core.measure import Paired, paired_drop
from trimtab.core.objects import Splits
from trimtab.core.releases import Act, Releases
from trimtab.runtime.predict import load

Compare = Callable[[str], Paired]
"""The accuracy that the new version gives up against the one named, on the same rows."""


def release(
    bundle: Bundle, rows: Splits, releases: Releases, run: str, allowed: float | None
) -> tuple[dict[str, Any], bool]:
    """Register the bundle and decide about it; the decision, and whether it was made just now.

    A run that decided already, before it was killed or in an earlier call, finds its decision in the log.
    Another process may promote while this one compares: it then compares again, with the new champion.
    """
    facts = {"run": run, "name": bundle.manifest["name"], "measured": bundle.manifest["measured"]}
    releases.register(bundle.version, bundle.folder, facts)
    compare = _comparing(bundle, rows, releases)
    fresh = False
    while (made := _decided(entries := releases.history(), bundle.version, run)) is None:
        act, reasons = judge(bundle.version, entries, compare, allowed)
        over = aliases_of(entries).get("champion")
        fresh = releases.decide(act, bundle.version, {"run": run, **reasons}, over)
    return {"action": made.action, **made.body}, fresh


def judge(
    version: str, entries: Sequence[Entry], compare: Compare, allowed: float | None
) -> tuple[Act, dict[str, Any]]:
    """What the log and the evidence lead to, with the reasons.

    `allowed` is the accuracy (share of one) that may be given up: the upper bound of the paired drop must
    stay within it. None binds nothing, as in every budget: then only a version shown to be worse is refused,
    and one that is as good replaces an older one. A version that was rolled back stays so.
    """
    aliases = aliases_of(entries)
    champion, anchor = aliases.get("champion"), anchor_of(entries)
    if champion is None or anchor is None:
        return "promote", {"why": "the first version"}
    if champion == version:
        return "keep", {"why": "it is the champion already"}
    if was_rolled_back(entries, version):
        return "keep", {"why": "it was rolled back; `trimtab promote` brings it back by hand"}
    try:
        drops = {champion: compare(champion)}
    except BundleError as error:
        why = (
            f"nothing to compare with ({error.place}: {error.problem}); `trimtab promote {version}` takes it"
        )
        return "challenge", {"why": why}
    if anchor not in (champion, version):
        try:
            drops[anchor] = compare(anchor)
        except BundleError:
            anchor = champion  # its bundle is gone: losses count from the champion
    said = [_sentence(name, champion, drop, allowed) for name, drop in drops.items()]
    compared = [{"version": name, **asdict(drop)} for name, drop in drops.items()]
    reasons = {"why": "; ".join(said), "compared": compared}
    if all(_is_enough(drop, allowed) for drop in drops.values()):
        moves_on = anchor == version or drops[anchor].high <= 0
        return "promote", reasons | {"anchor": version if moves_on else anchor}
    return ("keep" if aliases.get("challenger") == version else "challenge"), reasons


def _decided(entries: Sequence[Entry], version: str, run: str) -> Entry | None:
    """What a run decided about a version, if it did."""
    own = (entry for entry in entries if entry.version == version and entry.body.get("run") == run)
    return next(own, None)


def _is_enough(drop: Paired, allowed: float | None) -> bool:
    return drop.low <= 0 if allowed is None else drop.high <= allowed


def _sentence(name: str, champion: str, drop: Paired, allowed: float | None) -> str:
    who = "the champion" if name == champion else "the version from which losses count"
    rule = (
        "no accuracy_drop is stated, so one that is shown to be worse is refused"
        if allowed is None
        else f"at most {allowed:.2%} is allowed"
    )
    return (
        f"against {who} ({name}) accuracy drops by {drop.drop:+.2%}, between {drop.low:+.2%} and "
        f"{drop.high:+.2%} (one-sided 95 % bounds on {drop.rows} validation rows); {rule}"
    )


def _comparing(bundle: Bundle, rows: Splits, releases: Releases) -> Compare:
    """Compares on the validation rows of this run; each version answers them once."""
    texts = rows.valid[rows.text].to_list()
    truth = np.array(rows.valid[rows.label].to_list())
    known: dict[str, np.ndarray] = {}

    def right(version: str) -> np.ndarray:
        if version not in known:
            known[version] = np.array(load(releases.folder(version)).predict(texts)) == truth
        return known[version]

    return lambda version: paired_drop(right(version), right(bundle.version), level=GATE_LEVEL)
