"""From texts to translations: what the cache holds is not asked again, what is asked is kept at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.data.translate.base import Order, Stopped, Translator
from trimtab.data.translate.cache import Cache


@dataclass(frozen=True)
class Filled:
    """Translations (texts,), None where there is none; and why the translator stopped, if it did."""

    texts: tuple[str | None, ...]
    stopped: Stopped | None = None


def one_line(text: str | None) -> str:
    """The text on one line, without outer blanks; every translator gets it so."""
    return " ".join((text or "").split())


def fill(
    translator: Translator,
    texts: Sequence[str | None],
    source: str,
    target: str,
    cache: Cache,
    ask: bool = True,
) -> Filled:
    """Translate each text once, however often it occurs; blank texts are nobody's business.

    With `ask` false only the cache answers.
    """
    identity: Mapping[str, Any] = {**translator.identity(), "source": source, "target": target}
    lines = [one_line(text) for text in texts]
    distinct = [line for line in dict.fromkeys(lines) if line]
    known = cache.known(identity, distinct)
    missing = [line for line in distinct if line not in known]
    stopped = None
    if ask and missing:
        order = Order(
            source,
            target,
            lambda part: cache.keep(identity, part),
            cache.ledger(translator.identity()),
        )
        try:
            translator.translate(missing, order)
        except Stopped as why:
            stopped = why
        known |= cache.known(identity, missing)
    return Filled(tuple(known.get(line) or None for line in lines), stopped)
