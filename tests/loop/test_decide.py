"""Findings become a decision with its reasons."""

from __future__ import annotations

from trimtab.core.objects import Finding
from trimtab.loop.decide import Look, Novel, decide, waiting, warning
from trimtab.monitor.latency import NAME
from trimtab.monitor.window import Torn

NUMBERS = {"level": 0.0038}
CALM = Finding("length", 0.02, 0.7, False, "KS gap 0.020, p 0.7", NUMBERS)
DRIFT = Finding("entropy", 0.3, 1e-9, True, "KS gap 0.300, p 1e-09", NUMBERS)
SLOW = Finding(NAME, 40.0, 1e-9, True, "p99 40 ms, budget 15 ms", NUMBERS)
NOVEL = (Novel("what is a crypto wallet", 0.41, "top_up"),)


def look(*findings: Finding) -> Look:
    return Look(3, 0.0034, findings, NOVEL)


def test_it_keeps_a_model_whose_traffic_is_calm():
    said = decide(look(CALM), "v1", "propose")
    assert (said.action, said.subject) == ("keep", "v1")
    assert said.reasons[0] == "no alarm at look 3: the smallest p is that of length (KS gap 0.020, p 0.7)"


def test_it_proposes_retraining_and_says_why_and_how():
    said = decide(look(CALM, DRIFT), "v1", "propose")
    assert said.action == "retrain"
    assert said.findings == (CALM, DRIFT)
    assert said.reasons == (
        "entropy: KS gap 0.300, p 1e-09 (alarm at p <= 0.0038)",
        "novel (cosine 0.41, answered 'top_up'): what is a crypto wallet",
        "next: label such requests, add them to the training file (data.train), then `trimtab run`",
        "look 3 spent 0.0034 of the false-alarm rate",
    )


def test_it_only_notes_an_alarm_when_retraining_is_off():
    said = decide(look(DRIFT), "v1", "off")
    assert said.action == "keep"
    assert said.reasons[0].startswith("entropy: KS gap 0.300")
    assert "watch.retrain is off: this is a note" in said.reasons


def test_it_does_not_retrain_because_of_latency():
    said = decide(look(CALM, SLOW), "v1", "propose")
    assert said.action == "keep"
    assert said.reasons[0].startswith("latency_p99: p99 40 ms, budget 15 ms")
    assert any("/metrics" in reason for reason in said.reasons)


def test_it_says_how_many_requests_are_missing():
    assert waiting("v1", 213, 500, looks=2).reasons == ("213 of 500 requests until look 3",)


def test_it_warns_of_lines_that_could_not_be_read():
    torn = Torn(2, "byte 90 of requests/a.jsonl")
    said = decide(Look(3, 0.0034, (CALM,), torn=torn), "v1", "propose")
    assert said.reasons[-1] == (
        "warning: 2 lines of the request log are no requests and were passed over; "
        "the first ends at byte 90 of requests/a.jsonl"
    )
    assert warning(Torn()) == ()
    assert warning(Torn(1, "x"))[0].startswith("warning: 1 line of the request log is no request")
