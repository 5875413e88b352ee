"""What is known of the columns before a row is learnt from, and what a step will miss in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from trimtab.core.errors import suggestion

Kinds = frozenset[str]
"""What the values of a column may be: where a part of a file was seen, all that the rest may make of it."""
NUMBERS, TRUTHS, DATES, TEXTS = "numbers", "truth values", "dates", "text"
FEATURES, OTHERS = "features", "other values"
ANY: Kinds = frozenset({NUMBERS, TRUTHS, DATES, TEXTS, FEATURES, OTHERS})
Columns = Mapping[str, Kinds]
"""Every column that there may be, by name."""


@dataclass(frozen=True)
class Of:
    """Marks a parameter of a step as the name of a column, or of several, that holds one of `kinds`."""

    kinds: Kinds


Column = Annotated[str, Of(ANY)]
NumberColumn = Annotated[str, Of(frozenset({NUMBERS, TRUTHS}))]
DateColumn = Annotated[str, Of(frozenset({DATES}))]


class Fault(NamedTuple):
    """Why a step is certain to fail, and what to do about it."""

    problem: str
    remedy: str


def marked(hint: Any) -> Of | None:
    """The mark of a parameter's type; None where it names no columns."""
    found = (mark for part in (hint, *get_args(hint)) for mark in getattr(part, "__metadata__", ()))
    return next((mark for mark in found if isinstance(mark, Of)), None)


def missing(step: Any, columns: Columns) -> Iterator[Fault]:
    """The columns that parameters of a step name, and that are not there or hold nothing that it can use."""
    hints = get_type_hints(type(step), include_extras=True)
    for field in fields(step):
        mark, value = marked(hints[field.name]), getattr(step, field.name)
        if mark is not None and value:
            for name in (value,) if isinstance(value, str) else value:
                yield from unfit(name, columns, mark.kinds)
    if step.needs_label:
        yield from unfit(step.label, columns)


def unfit(name: str, columns: Columns, wanted: Kinds = ANY) -> Iterator[Fault]:
    """Why a column cannot be used, if it cannot."""
    if name not in columns:
        yield Fault(f"no column '{name}'", suggestion(name, columns))
    elif not columns[name] & wanted:
        held, needed = (" or ".join(sorted(kinds)) for kinds in (columns[name], wanted))
        yield Fault(f"column '{name}' holds {held}, not {needed}", f"name columns of {needed}")
