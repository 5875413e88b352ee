"""The section about the data: before and after, what was dropped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trimtab.loop.record import Record
from trimtab.loop.record_rows import DataRecord, DroppedRow
from trimtab.loop.report import cleaning, figures, findings, pictures
from trimtab.loop.report.html import Html, breakable, folded, section, table, tag, text
from trimtab.loop.report.page import picture

SHOWN = 500
"""Most dropped rows that stand in the report itself."""


def data(record: Record) -> Html | None:
    """Rows, classes and lengths before and after cleaning; leakage; the dropped rows."""
    said = record.get("data")
    dropped = record.get("dropped", [])
    if not said and not dropped:
        return None
    said = said or {}
    return section(
        "data",
        "Data before and after",
        _splits(said),
        _leakage(said),
        findings.copies(said),
        findings.steps(said),
        findings.augmentation(said),
        _reasons(said),
        _missing(said),
        _labels(said),
        _lengths(said),
        _dropped(dropped, sum(one["rows"] for one in said.get("dropped", [])), record),
    )


def _splits(said: DataRecord) -> Html | None:
    """Validation rows are taken from the train rows, so rows kept do not tell rows dropped."""
    read, kept = said.get("read", {}), said.get("kept", {})
    if not read and not kept:
        return None
    gone = Counter[str]()
    for one in said.get("dropped", []):
        gone[one["split"]] += one["rows"]
    rows = [
        (name, figures.count(read.get(name)), figures.count(gone[name]), figures.count(kept.get(name)))
        for name in {**read, **kept}
    ]
    return table("Rows by split", ["split", "read", "dropped", "kept"], rows, numeric=(1, 2, 3))


def _leakage(said: DataRecord) -> Html | None:
    leaks = said.get("leakage")
    if not leaks:
        return None
    counts = [
        (_both(name), figures.count(leak["exact"]), figures.count(leak["near"]))
        for name, leak in leaks.items()
    ]
    pairs = [
        (_both(name), twin["left_text"], twin["right_text"], f"{twin['likeness']:.2f}", same)
        for name, leak in leaks.items()
        for twin in (*leak.get("exact_pairs", []), *leak.get("near_pairs", []))
        for same in ["yes" if twin["same_label"] else "no"]
    ]
    head = ["parts", "text", "its twin", "likeness", "same class"]
    return text(
        tag("h3", "Leakage: texts that two parts share"),
        table("Texts in both parts", ["parts", "the same", "nearly the same"], counts, numeric=(1, 2)),
        folded(f"The first {len(pairs)} of these pairs", table("Pairs", head, pairs, numeric=(3,)))
        if pairs
        else None,
    )


def _both(name: str) -> str:
    return " and ".join(map(figures.part, name.split("_")))


def _reasons(said: DataRecord) -> Html | None:
    counted = said.get("dropped", [])
    if not counted:
        return None
    rows = [
        (breakable(one["step"]), one["split"], one["reason"], figures.count(one["rows"])) for one in counted
    ]
    return text(
        tag("h3", "Dropped rows"),
        picture("reasons", cleaning.dropped(counted)),
        table("Dropped rows by reason", ["step", "split", "reason", "rows"], rows, numeric=(3,)),
    )


def _missing(said: DataRecord) -> Html | None:
    shares = said.get("missing")
    before, after = (shares or {}).get("before", {}), (shares or {}).get("after", {})
    holes = [name for name in before if before[name] or after.get(name)]
    if not holes:
        return None
    rows = [(breakable(name), figures.share(before[name]), figures.share(after.get(name))) for name in holes]
    return text(
        tag("h3", "Missing values"),
        picture("missing", cleaning.missing({name: before[name] for name in holes}, after)),
        table("Share of missing values by column", ["column", "before", "after"], rows, numeric=(1, 2)),
    )


def _labels(said: DataRecord) -> Html | None:
    counts = said.get("labels")
    if not counts or not counts.get("before"):
        return None
    before, after = counts["before"], counts.get("after", {})
    ordered = sorted(before, key=lambda label: -before[label])
    rows = [
        (breakable(label), figures.count(before[label]), figures.count(after.get(label, 0)))
        for label in ordered
    ]
    return text(
        tag("h3", "Classes"),
        picture("labels", pictures.label_counts(before, after)),
        folded(
            f"All {len(rows)} classes",
            table("Rows by class", ["class", "before", "after"], rows, numeric=(1, 2)),
        ),
    )


def _lengths(said: DataRecord) -> Html | None:
    lengths = said.get("lengths")
    if not lengths:
        return None
    parts = [when for when in ("before", "after") if when in lengths]
    names = list(dict.fromkeys(name for when in parts for name in lengths[when]))
    rows = [(when, *(figures.number(lengths[when].get(name)) for name in names)) for when in parts]
    caption = f"Length of the texts, {said.get('length_unit', 'words')}"
    counts = said.get("length_counts")
    drawn = picture("lengths", cleaning.lengths(counts, said.get("length_unit", "words"))) if counts else None
    return text(
        tag("h3", "Lengths"), drawn, table(caption, ["", *names], rows, numeric=range(1, len(names) + 1))
    )


def _dropped(rows: Sequence[DroppedRow], counted: int, record: Record) -> Html | None:
    if not rows:
        return None
    total = max(len(rows), counted)
    shown = rows[:SHOWN]
    where = record["dropped_folder"]
    rest = (
        f"{len(shown):,} of {total:,} stand here; all of them lie in {where}." if total > len(shown) else None
    )
    body = [(one["id"], one["split"], breakable(one["step"]), one["reason"], one["text"]) for one in shown]
    return folded(
        f"All {total:,} dropped rows"
        if rest is None
        else f"The first {len(shown):,} of {total:,} dropped rows",
        tag("p", rest, class_="quiet") if rest else None,
        tag(
            "label",
            "Show rows with ",
            tag("input", type="search", data_filter="dropped-rows", placeholder="a word, a step, a reason"),
            tag("output", "", class_="quiet"),
            class_="filter",
        ),
        table("Dropped rows", ["row", "split", "step", "reason", "text"], body, id="dropped-rows"),
    )
