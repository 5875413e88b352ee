"""Turns findings into a decision: keep the model, or propose to train it again, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from trimtab.core.objects import Decision, Finding
from trimtab.monitor.latency import NAME as LATENCY
from trimtab.monitor.window import Torn

Retrain = Literal["propose", "off"]


@dataclass(frozen=True)
class Novel:
    """A request unlike the training texts: its text, cosine to the nearest of them, and the answer it got."""

    text: str
    cosine: float
    answer: str


@dataclass(frozen=True)
class Look:
    """One look at the traffic: its number (from 1), what it may spend of alpha, and what was found.

    `torn` are the lines of the log that could not be read on the way.
    """

    number: int
    spent: float
    findings: tuple[Finding, ...]
    novel: tuple[Novel, ...] = ()
    torn: Torn = field(default_factory=Torn)


def decide(look: Look, version: str, retrain: Retrain) -> Decision:
    """What one look leads to.

    A drift alarm proposes retraining, unless `retrain` is off. A slow p99 does not: new weights answer no
    faster, so it is a reason beside "keep".
    """
    drifts = [one for one in look.findings if one.alarm and one.detector != LATENCY]
    slow = [one for one in look.findings if one.alarm and one.detector == LATENCY]
    reasons = [_reason(one) for one in (*drifts, *slow)]
    if drifts:
        reasons += [_example(one) for one in look.novel]
        reasons.append(_drift_advice(retrain))
    if slow:
        reasons.append("next: look at the load and the queue in /metrics, then `trimtab bench`")
    if not reasons:
        reasons.append(f"no alarm at look {look.number}: {_closest(look.findings)}")
    reasons.append(f"look {look.number} spent {look.spent:.2g} of the false-alarm rate")
    reasons += warning(look.torn)
    action = "retrain" if drifts and retrain != "off" else "keep"
    return Decision(action, tuple(reasons), look.findings, subject=version)


def waiting(version: str, requests: int, window: int, looks: int) -> Decision:
    """The decision while a window is not full: nothing was tested, nothing of alpha was spent."""
    said = f"{requests:,} of {window:,} requests until look {looks + 1}"
    return Decision("keep", (said,), (), subject=version)


def warning(torn: Torn) -> tuple[str, ...]:
    """The reason that tells of torn lines, where there were any."""
    if not torn.lines:
        return ()
    lines = f"{torn.lines:,} lines of the request log are no requests and were"
    if torn.lines == 1:
        lines = "1 line of the request log is no request and was"
    return (f"warning: {lines} passed over; the first ends at {torn.first}",)


def _reason(finding: Finding) -> str:
    return f"{finding.detector}: {finding.note} (alarm at p <= {finding.numbers['level']:.2g})"


def _example(novel: Novel) -> str:
    return f"novel (cosine {novel.cosine:.2f}, answered '{novel.answer}'): {novel.text}"


def _drift_advice(retrain: Retrain) -> str:
    if retrain == "off":
        return "watch.retrain is off: this is a note"
    return "next: label such requests, add them to the training file (data.train), then `trimtab run`"


def _closest(findings: Sequence[Finding]) -> str:
    if not findings:
        return "nothing was tested"
    nearest = min(findings, key=lambda one: one.p_value)
    return f"the smallest p is that of {nearest.detector} ({nearest.note})"
