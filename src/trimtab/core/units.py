"""Amounts as people write them: `0.5pt`, `15ms`, `25MB`, `20m`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import floor, log10

_DURATION = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = {
    "B": 1.0, "kB": 1e3, "KB": 1e3, "KiB": 2.0**10, "MB": 1e6, "MiB": 2.0**20, "GB": 1e9, "GiB": 2.0**30,
}  # fmt: skip
_SHARE = {"pt": 0.01, "%": 0.01, "": 1.0}
_AMOUNT = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([A-Za-z%]*)\s*")


def seconds(text: str | float) -> float:
    """A duration in seconds.

    >>> seconds("15ms")
    0.015
    """
    return _amount(text, _DURATION, "a duration such as 15ms, 2s or 20m")


def size_bytes(text: str | float) -> int:
    """A size in bytes; MB is 10**6, MiB is 2**20.

    >>> size_bytes("25MB")
    25000000
    """
    return round(_amount(text, _SIZE, "a size such as 25MB or 10MiB"))


def share(text: str | float) -> float:
    """A share of one; `pt` are percentage points.

    >>> share("0.5pt")
    0.005
    """
    return _amount(text, _SHARE, "a share such as 0.5pt or 0.005")


def write_seconds(value: float) -> str:
    """A duration as `seconds` reads it.

    >>> write_seconds(0.015)
    '15ms'
    """
    return _write(value, _DURATION, "s")


def write_size(value: float) -> str:
    """A size as `size_bytes` reads it.

    >>> write_size(25_000_000)
    '25MB'
    """
    return _write(value, _SIZE, "B")


def show_ms(value: float) -> str:
    """Milliseconds with three figures: `0.54 ms`, `15.1 ms`."""
    return f"{value:.3g} ms"


def show_size(value: float) -> str:
    """Bytes in decimal megabytes: `23.4 MB`."""
    return f"{value / 1e6:.1f} MB" if value >= 1e5 else f"{value / 1e3:.1f} kB"


def show_share(value: float) -> str:
    """A share of one as percent, with two digits that are no zeros: `93.38 %`, `0.0025 %`."""
    small = 0 < abs(value) < 1e-3
    return f"{100 * value:.{1 - floor(log10(100 * abs(value))) if small else 2}f} %"


def _amount(text: str | float, units: Mapping[str, float], allowed: str) -> float:
    if isinstance(text, int | float) and not isinstance(text, bool):
        if "" not in units:
            raise ValueError(f"the unit is missing; allowed: {allowed}")
        return float(text)
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in units:
        raise ValueError(f"allowed: {allowed}")
    return round(float(match[1]) * units[match[2]], 12)


def _write(value: float, units: Mapping[str, float], base: str) -> str:
    """The shortest spelling in a unit of which it is at least one, exact where that unit allows."""
    spellings = [
        f"{_figures(value / worth)}{unit}" for unit, worth in units.items() if value >= worth or unit == base
    ]
    return min(
        (text for text in spellings if _amount(text, units, "") == value), key=len, default=spellings[0]
    )


def _figures(value: float) -> str:
    return f"{value:.12f}".rstrip("0").rstrip(".")
