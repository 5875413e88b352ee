"""The first sections: what was decided and why, and the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from trimtab.loop.record import CandidateRecord, Record, TestRecord, UseRecord
from trimtab.loop.report import figures, frontier
from trimtab.loop.report.html import Html, each, facts, folded, section, table, tag, text
from trimtab.loop.report.page import picture

_BUDGETS = {"accuracy_drop": "Accuracy drop", "latency_p99": "Latency p99", "size": "Size"}


def opening(record: Record) -> Html:
    """Verdict, the binding budget, the budgets' gauges and the figures of the winner."""
    verdict = record["verdict"]
    met = verdict["verdict"] == "met"
    shown = _named(record["candidates"], verdict["winner"] or next(iter(verdict.get("nearest", [])), None))
    headline = (
        text(tag("b", verdict["winner"]), " meets the budget")
        if met
        else text(
            "No candidate meets the budget",
            text("; ", tag("b", shown["name"]), " is nearest") if shown else None,
        )
    )
    return tag(
        "header",
        tag("p", record.get("name", "trimtab run"), " · ", record["date"], class_="quiet"),
        tag("h1", headline, class_="met" if met else "unmet"),
        each(
            tag("p", figures.unbroken(sentence), class_=None if at else "lead")
            for at, sentence in enumerate(verdict["sentences"])
        ),
        _gauges(shown.get("uses", []), verdict["binding"]) if shown else None,
        _key_figures(shown, record.get("teacher")) if shown else None,
        _on_test(record.get("test"), record.get("test_look", 1)),
        id="verdict",
    )


def pareto(record: Record) -> Html | None:
    """The picture of all candidates, with their table."""
    candidates = record["candidates"]
    if not candidates:
        return None
    drawn = [one for one in candidates if one.get("drop") and one.get("p99_ms")]
    levels = sorted({one["drop"]["level"] for one in drawn if one["drop"] and "level" in one["drop"]})
    named = f"interval ({figures.listed(levels)})" if levels else "interval"
    note = (
        "Left and down is better. The area of a point is the size of the model, the vertical line the "
        f"{named} of its accuracy drop, at the level that the gate tests it at: the budget is kept only when "
        "the whole interval lies below the upper edge of the box. "
        "The dotted line is the least drop at each latency."
    )
    return section(
        "candidates",
        "Candidates",
        tag("p", note, class_="quiet") if drawn else None,
        picture("pareto", frontier.pareto(drawn, record["budget"], record["verdict"]["winner"]))
        if drawn
        else None,
        _candidates(candidates, record["verdict"]["winner"]),
        _refusals(candidates),
    )


def _gauges(uses: Sequence[UseRecord], binding: str | None) -> Html:
    return tag("ul", each(_gauge(use, use["budget"] == binding) for use in uses), class_="gauges")


def _gauge(use: UseRecord, binds: bool) -> Html:
    """A bar as long as the share of the budget that is used; the tick is the budget."""
    span = max(1.15, min(use["used"], 4.0) * 1.05)
    long = min(use["used"], span) if isfinite(use["used"]) else span
    return tag(
        "li",
        tag(
            "div",
            tag("span", _BUDGETS.get(use["budget"], use["budget"])),
            tag("span", "binding", class_="chip strong") if binds else None,
            tag("b", figures.used(use["used"])),
            class_="gauge-head",
        ),
        tag(
            "div",
            tag("i", style=f"width:{100 * max(0.0, long) / span:.1f}%"),
            tag("s", style=f"left:{100 / span:.1f}%"),
            class_="bar" if use["used"] <= 1 else "bar over",
            aria_hidden="true",
        ),
        tag("small", figures.unbroken(use["text"])),
    )


def _key_figures(shown: CandidateRecord, teacher: Mapping[str, object] | None) -> Html:
    rows = [
        ("accuracy", figures.share(shown.get("accuracy")), _between(shown)),
        ("p50", figures.ms(shown.get("p50_ms")), None),
        ("p99", figures.ms(shown.get("p99_ms")), _against(teacher, shown, "p99_ms")),
        ("answers a second", figures.count(shown.get("throughput")), _against(teacher, shown, "throughput")),
        ("size", figures.size(shown.get("size_bytes")), _against(teacher, shown, "size_bytes")),
    ]
    return tag(
        "dl",
        each(
            tag("div", tag("dt", name), tag("dd", value, tag("small", more) if more else None))
            for name, value, more in rows
        ),
        class_="key",
    )


def _between(shown: CandidateRecord) -> str | None:
    if "accuracy_low" not in shown:
        return None
    where = shown.get("measured_on", "")
    interval = f"{100 * shown['accuracy_low']:.1f} to {100 * shown['accuracy_high']:.1f}{figures.BLANK}%"
    return f"{interval} on {shown['rows']:,} {figures.part(where)} rows" if "rows" in shown else interval


def _against(teacher: Mapping[str, object] | None, shown: CandidateRecord, key: str) -> str | None:
    old, new = (teacher or {}).get(key), shown.get(key)
    if not isinstance(old, int | float) or not isinstance(new, int | float) or not old or not new:
        return None
    return f"{figures.times(new / old, *figures.WORDS[key])} than the teacher"


def _on_test(test: TestRecord | None, look: int) -> Html | None:
    """What the test rows said, and whether they had been asked before."""
    if not test and look == 1:
        return None
    title = "On the test rows, touched once: " if look == 1 else f"On the test rows, look {look} at them: "
    said = [_test_said(test)] if test else []
    if look > 1:
        said.append(
            "Choices made since the first look may have followed it: take these figures as favourable."
        )
    return tag("p", tag("b", title), " ".join(said), class_="test")


def _test_said(test: TestRecord) -> str:
    both = ""
    if "winner_accuracy" in test and "teacher_accuracy" in test:
        winner, teacher = map(figures.share, (test["winner_accuracy"], test["teacher_accuracy"]))
        both = f"{winner}, the teacher {teacher}; "
    rows = f" of {test['rows']:,} rows" if "rows" in test else ""
    only = (
        f" The teacher alone is right on {test['only_a']}{rows}, the chosen model alone on {test['only_b']}."
        if "only_a" in test and "only_b" in test
        else ""
    )
    low, high = figures.points(test["low"]), figures.points(test["high"])
    return (
        f"{both}a drop of {figures.points(test['drop'])} "
        f"({figures.interval(test.get('level'))} {low} to {high}; "
        f"exact McNemar p = {test['p_value']:.2g}).{only}"
    )


def _candidates(candidates: Sequence[CandidateRecord], winner: str | None) -> Html:
    head = [
        "candidate",
        "accuracy",
        "drop",
        "p50",
        "p99",
        "answers/s",
        "size",
        "made in",
        "standing",
    ]
    rows = [_candidate(one, winner) for one in candidates]
    where = sorted({figures.part(one["measured_on"]) for one in candidates if "measured_on" in one})
    seen = f"Accuracy on the {' and '.join(where)} rows" if where else "Accuracy"
    caption = (
        f"{seen}, its drop against the uncompressed model on the validation rows; latency of single requests "
        "through the real server; intervals in small figures"
    )
    return table(caption, head, rows, numeric=range(1, 8))


def _candidate(one: CandidateRecord, winner: str | None) -> list[object]:
    drop = one.get("drop")
    made = [part for part in (one.get("runtime"), one.get("source") and f"from {one.get('source')}") if part]
    return [
        text(
            tag("b", one["name"]) if one["name"] == winner else one["name"],
            tag("small", ", ".join(made)) if made else None,
        ),
        figures.share(one.get("accuracy", one.get("valid_accuracy"))),
        text(figures.points(drop["drop"]), tag("small", _range(drop["low"], drop["high"])))
        if drop
        else figures.ABSENT,
        figures.ms(one.get("p50_ms")),
        text(
            figures.ms(one.get("p99_ms")),
            tag("small", f"{one['p99_low_ms']:.3g} to {one['p99_high_ms']:.3g}")
            if "p99_low_ms" in one
            else None,
        ),
        text(
            figures.count(one.get("throughput")),
            tag("small", f"{one['throughput_low']:,.0f} to {one['throughput_high']:,.0f}")
            if "throughput_low" in one
            else None,
        ),
        figures.size(one.get("size_bytes")),
        figures.duration(one.get("seconds")),
        _standing(one, winner),
    ]


def _range(low: float, high: float) -> str:
    return figures.minus(f"{100 * low:.2f} to {100 * high:.2f}")


def _standing(one: CandidateRecord, winner: str | None) -> Html:
    stands = frontier.standing(one, winner)
    front = tag("span", "Pareto front", class_="chip") if one.get("on_front") else None
    if one.get("refused"):
        return tag("span", "refused", class_="chip bad")
    if stands == "winner":
        return text(tag("span", stands, class_="chip strong"), " ", front)
    if stands == "uncompressed":
        return text(tag("span", stands, class_="chip"), " ", front)
    if stands == "over the budget":
        return each(
            tag(
                "span",
                f"over: {_BUDGETS.get(use['budget'], use['budget']).lower()} {figures.used(use['used'])}",
                class_="chip bad",
            )
            for use in frontier.exceeded(one)
        )
    return text(tag("span", "fits", class_="chip"), " ", front)


def _refusals(candidates: Sequence[CandidateRecord]) -> Html | None:
    refused = [(one["name"], figures.unbroken(why)) for one in candidates if (why := one.get("refused"))]
    checked = [one for one in candidates if one.get("parity")]
    parity = [
        (
            one["name"],
            ", ".join(
                f"{name.replace('_', ' ')} {figures.number(value)}" for name, value in one["parity"].items()
            ),
        )
        for one in checked
    ]
    return text(
        tag("h3", "Refused") if refused else None,
        facts(refused) if refused else None,
        folded("Parity of each candidate with its source", facts(parity)) if parity else None,
    )


def _named(candidates: Sequence[CandidateRecord], name: str | None) -> CandidateRecord | None:
    return next((one for one in candidates if one["name"] == name), None)
