"""What is known of the columns before a row is learnt from, and what a step will miss in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from trimtab.core.errors import suggestion

Kinds = frozenset[str]
"""What the values of a column may be: where a part of a file was seen, all that the rest may make of it."""
NUMBERS, TRUTHS, TEXTS = "numbers", "truth values", "text"
DATES, CLOCK, SPANS = "dates", "times of day", "durations"
LISTS, FEATURES, STRUCTS, BYTES, OTHERS = "lists", "features", "structs", "bytes", "other values"
ANY: Kinds = frozenset({NUMBERS, TRUTHS, TEXTS, DATES, CLOCK, SPANS, LISTS, FEATURES, STRUCTS, BYTES, OTHERS})
TEXT: Kinds = frozenset({TEXTS})
QUANTITIES: Kinds = frozenset({NUMBERS})
NUMERIC: Kinds = frozenset({NUMBERS, TRUTHS})
SIZES: Kinds = frozenset({NUMBERS, TEXTS})
WORDS: Kinds = frozenset({TEXTS, TRUTHS})
FILLABLE: Kinds = frozenset({NUMBERS, TRUTHS, TEXTS})
CATEGORIES: Kinds = frozenset({NUMBERS, TRUTHS, TEXTS, DATES, CLOCK})
CALENDAR: Kinds = frozenset({DATES})
TIMES: Kinds = frozenset({NUMBERS, DATES, CLOCK, SPANS})
VECTORS: Kinds = frozenset({LISTS, FEATURES})
BLOCKS: Kinds = frozenset({FEATURES, NUMBERS, TRUTHS})
"""What a step asks of a column: the same in the mark of a parameter and where it learns."""
DECLARED: Kinds = frozenset({NUMBERS, TRUTHS, TEXTS, DATES})
"""What `data.types` can make of a column."""
Columns = Mapping[str, Kinds]
"""Every column that there may be, by name."""


@dataclass(frozen=True)
class Of:
    """Marks a parameter of a step as the name of a column, or of several, that holds one of `kinds`.

    `usual`: the step can do without the column, unless somebody named it.
    """

    kinds: Kinds
    usual: bool = False


Column = Annotated[str, Of(ANY)]
UsualColumn = Annotated[str, Of(ANY, usual=True)]
UsualText = Annotated[str, Of(TEXT, usual=True)]
TextColumn = Annotated[str, Of(TEXT)]
QuantityColumn = Annotated[str, Of(QUANTITIES)]
NumberColumn = Annotated[str, Of(NUMERIC)]
SizedColumn = Annotated[str, Of(SIZES)]
FillableColumn = Annotated[str, Of(FILLABLE)]
CategoryColumn = Annotated[str, Of(CATEGORIES)]
DateColumn = Annotated[str, Of(CALENDAR)]
TimeColumn = Annotated[str, Of(TIMES)]
VectorColumn = Annotated[str, Of(VECTORS)]
BlockColumn = Annotated[str, Of(BLOCKS)]


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
    if step.needs_label:
        yield from unfit(step.label, columns)
    for field in fields(step):
        mark, value = marked(hints[field.name]), getattr(step, field.name)
        told = field.name == "label" and step.needs_label
        if mark is not None and value and not told and not (mark.usual and value == field.default):
            for name in (value,) if isinstance(value, str) else value:
                yield from unfit(name, columns, mark.kinds)


def unfit(name: str, columns: Columns, wanted: Kinds = ANY) -> Iterator[Fault]:
    """Why a column cannot be used, if it cannot."""
    if name not in columns:
        yield Fault(f"no column '{name}'", suggestion(name, columns))
    elif not columns[name] & wanted:
        held, needed = map(_listed, (columns[name], wanted))
        fit = wanted & DECLARED if columns[name] & FILLABLE else frozenset()
        told = f"give it as {_listed(fit)} (in a spec by data.types), or " if fit else ""
        yield Fault(f"column '{name}' holds {held}, not {needed}", f"{told}name columns of {needed}")


def _listed(kinds: Kinds) -> str:
    *first, last = sorted(kinds)
    return f"{', '.join(first)} or {last}" if first else last
