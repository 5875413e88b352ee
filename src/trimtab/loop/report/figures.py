"""Figures as the report prints them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

from trimtab.core.units import show_ms, show_share, show_size

TIMES = "\u00d7"
BLANK = "\u00a0"  # no line break between a figure and its unit
ABSENT = "\u2013"
_UNIT = re.compile(r"(?<=\d) (?=(?:%|(?:ms|s|min|h|pt|kB|MB)\b))")

WORDS = {
    "latency": ("faster", "slower"),
    "p99_ms": ("faster", "slower"),
    "size": ("smaller", "larger"),
    "size_bytes": ("smaller", "larger"),
    "throughput": ("less", "more"),
}
"""How less and more of a quantity are said."""


def share(value: float | None) -> str:
    """`93.38 %`."""
    return ABSENT if value is None else _together(show_share(value))


def points(value: float | None, signed: bool = False) -> str:
    """A difference of shares in percentage points: `0.13 pt`."""
    if value is None:
        return ABSENT
    return minus(_together(f"{100 * value:{'+' if signed else ''}.2f} pt"))


def ms(value: float | None) -> str:
    """`15.1 ms`."""
    return ABSENT if value is None else _together(show_ms(value))


def size(value: float | None) -> str:
    """`23.4 MB`."""
    return ABSENT if value is None else _together(show_size(value))


def count(value: float | None) -> str:
    """`10,003`."""
    return ABSENT if value is None else f"{value:,.0f}"


def number(value: object) -> str:
    """Any value: floats with four figures, the rest as it is."""
    if isinstance(value, bool) or not isinstance(value, float):
        return ABSENT if value is None else str(value)
    return f"{value:.4g}" if isfinite(value) else str(value)


def duration(seconds: float | None) -> str:
    """`0.8 s`, `42 s`, `12 min 24 s`.

    >>> duration(744)
    '12 min 24 s'
    """
    if seconds is None:
        return ABSENT
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def used(value: float) -> str:
    """A share of a budget: `65 %`, `2.4 times`."""
    if not isfinite(value):
        return "over"
    return _together(f"{100 * value:.0f} %" if value < 2 else f"{value:.3g} times")


def times(ratio: float, less: str, more: str) -> str:
    """How many times a value became less or more.

    >>> times(0.25, "faster", "slower").replace(TIMES, " times")
    '4 times faster'
    """
    return f"{1 / ratio:.3g}{TIMES} {less}" if ratio < 1 else f"{ratio:.3g}{TIMES} {more}"


def listed(levels: Sequence[float]) -> str:
    """Shares, in percent.

    >>> listed([0.9, 0.92, 0.98]).replace(BLANK, " "), listed([0.9]).replace(BLANK, " ")
    ('90, 92 or 98 %', '90 %')
    """
    shown = [f"{100 * level:.3g}" for level in levels]
    return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) + f"{BLANK}%"


def interval(level: float | None) -> str:
    """`90 % interval`, or `interval` where the level is not known."""
    return "interval" if level is None else f"{listed([level])} interval"


def rows(number: int) -> str:
    """`1 row`, `3,080 rows`."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def part(name: str) -> str:
    """The name of a split in a sentence."""
    return {"valid": "validation"}.get(name, name)


def minus(written: str) -> str:
    """Hyphens of negative figures as minus signs."""
    return written.replace("-", "\u2212")


def unbroken(said: str) -> str:
    """A sentence whose figures keep their units on the line.

    >>> unbroken("93.28 % uncompressed, in 24.3 MB").replace(BLANK, "_")
    '93.28_% uncompressed, in 24.3_MB'
    """
    return _UNIT.sub(BLANK, said)


def _together(written: str) -> str:
    return written.replace(" ", BLANK)
