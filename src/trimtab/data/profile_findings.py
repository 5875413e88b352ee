"""What a profile means, in sentences: what is wrong with the rows, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNEVEN = 0.9
"""Evenness of the classes below which it is worth a word."""
PLAUSIBLE = 0.2
"""Share of doubtful labels above which the doubts speak against the model that has them."""
OFTEN = 0.01
"""Share of the values of a column that must be outliers to be worth a word."""


def findings(profile: Mapping[str, Any]) -> list[dict[str, str]]:
    """Sentences with their remedies."""
    return [
        {"said": said, "remedy": remedy}
        for part in (_reading, _leaks, _copies, _missing, _outliers, _labels, _drift)
        for said, remedy in part(profile)
    ]


def _reading(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if rows := profile["unreadable"]["rows"]:
        yield f"{_rows(rows)} could not be read and {_were(rows)} kept aside", "mend the lines listed below"


def _leaks(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    leak = profile.get("leakage")
    if not leak:
        return
    texts = leak.get("texts")
    if texts and texts["exact"]:
        exact = texts["exact"]
        alike = "text stands" if exact == 1 else "texts stand"
        yield f"{exact:,} {alike} in the data and in test alike", "trimtab run drops what train has of them"
    if texts and texts["near"]:
        yield (
            f"{texts['near']:,} more pair{'' if texts['near'] == 1 else 's'} of texts across data and test "
            f"{_are(texts['near'])} nearly the same",
            "look at the pairs below",
        )
    if unlike := leak["unlike"]:
        named = ", ".join(f"{one['column']} ({one['data']}, in test {one['test']})" for one in unlike[:3])
        yield f"whole rows cannot be compared with test, for types differ: {named}", "give them in data.types"
    if not texts and leak["rows"]:
        yield f"{_rows(leak['rows'])} of test stand in the data too", "drop them from the data"


def _copies(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    copies = profile["duplicates"]
    exact = copies.get("text", {}).get("rows", copies["rows"])
    near = copies.get("near", {"more": 0})
    if exact:
        yield f"{_rows(exact)} {_repeat(exact)} an earlier one", "clean: [drop_duplicates]"
    if more := near["more"]:
        among = f" among the {near['of']:,} looked at" if near["of"] < profile["rows"]["data"] else ""
        yield (
            f"{_rows(more)} more{among} {_are(more)} nearly the same as an earlier one",
            "clean: [near_duplicates]",
        )
    if copies.get("conflicting"):
        yield (
            f"{_rows(copies['conflicting'])} equal another in all but the label",
            "decide which label is right",
        )


def _missing(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    holes = sorted((one for one in profile["columns"] if one["missing"]), key=lambda one: -one["missing"])
    if holes:
        total = profile["rows"]["data"]
        worst = ", ".join(f"{one['name']} ({_share(one['missing'], total)})" for one in holes[:3])
        yield (
            f"{len(holes)} of {len(profile['columns'])} columns have missing values, most in {worst}",
            "clean: [impute]",
        )
    empty = [one["name"] for one in profile["columns"] if one["empty"]]
    if empty:
        yield (
            f"empty strings stand in {', '.join(empty[:3])}",
            'they are values; data.missing: [""] makes them missing',
        )


def _outliers(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    total = max(profile["rows"]["data"], 1)
    measured = [one for one in profile["columns"] if (one.get("numbers") or {}).get("outliers")]
    far = [
        one for one in measured if one["distinct"] > 2 and one["numbers"]["outliers"]["iqr"] >= OFTEN * total
    ]
    if far:
        far.sort(key=lambda one: -one["numbers"]["outliers"]["iqr"])
        worst = ", ".join(
            f"{one['name']} ({_share(one['numbers']['outliers']['iqr'], total)})" for one in far[:3]
        )
        yield f"many values lie outside Tukey's fences in {worst}", "clean: [iqr]"
    infinite = [one["name"] for one in profile["columns"] if (one.get("numbers") or {}).get("infinite")]
    if infinite:
        yield f"infinite values stand in {', '.join(infinite[:3])}", "find out what they stand for"


def _labels(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    labels, doubt = profile["labels"], profile["suspicious"]
    if labels and labels["classes"] > 1 and labels["evenness"] < UNEVEN:
        sizes = f"the largest has {_rows(labels['largest'])}, the smallest {labels['smallest']:,}"
        yield (
            f"the {labels['classes']} classes are uneven: {sizes}",
            "gather rows of the small ones, or augment",
        )
    if profile["label"] and not labels:
        yield (
            f"the label {profile['label']} holds numbers and is taken as a quantity: no classes are counted",
            f'for classes, --set "data.types={{{profile["label"]}: text}}"',
        )
    if doubt and 0 < doubt["rows"] <= PLAUSIBLE * doubt["of"]:
        yield (
            f"{_rows(doubt['rows'])} of {doubt['of']:,} have a doubtful label ({doubt['method']})",
            "look at them below",
        )


def _drift(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    drift = profile.get("drift")
    names = list(dict.fromkeys(one["column"] for one in drift["columns"] if one["drifted"])) if drift else []
    if names:
        yield (
            f"test differs from the data in {', '.join(names[:4])}",
            "an accuracy on test is then one of other rows",
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _repeat(number: int) -> str:
    return "repeats" if number == 1 else "repeat"
