"""Texts said again in other words: translated to another language and back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from trimtab.core.columns import Columns, Fault
from trimtab.core.errors import ConfigError, suggestion
from trimtab.data.augment import Augment, Texts
from trimtab.data.translate import TRANSLATORS
from trimtab.data.translate.base import Stopped, Translator, build
from trimtab.data.translate.cache import Cache
from trimtab.data.translate.fill import fill, one_line

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackTranslation(Augment):
    """Add a copy of each row that went through another language and came back (Sennrich and others, 2016).

    `translator` names one of the registry (`huggingface`, `ctranslate2`, `openai`, `command`), `options` are
    its options; `source` is the language of the rows and `pivot` the other one, in the translator's own
    codes. Every translation is kept in the file `cache` (relative to the spec) the moment it
    arrives, so a run that was stopped asks nothing twice. If the translator stops (a dead endpoint, a cap on
    cost), the step fails, and the same command goes on where it stopped; with `if_stopped: keep` it takes the
    copies that are there and says so.
    """

    name: ClassVar[str] = "back_translation"
    writes: ClassVar[tuple[str, ...]] = ("cache",)

    copies: Annotated[int, Field(ge=1, le=1)] = 1
    translator: str = ""
    options: dict[str, Any] | None = None
    source: str = "en"
    pivot: str = "es"
    cache: str = ".trimtab/translations.sqlite"
    if_stopped: Literal["fail", "keep"] = "fail"

    def __post_init__(self) -> None:
        if not self.translator:
            raise ConfigError(f"step {self.name}", "needs a translator", suggestion("", TRANSLATORS))
        if self.source == self.pivot:
            raise ConfigError(
                f"step {self.name}", f"source and pivot are both '{self.pivot}'", "name two languages"
            )
        _ = self._way  # a wrong option is an error of the spec, before anything runs

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """That the translator can begin; with a cache it may have nothing left to ask."""
        yield from super().check(columns)
        if not Path(self.cache).exists():
            yield from self._way.check(self.source, self.pivot)

    @cached_property
    def _way(self) -> Translator:
        options: Mapping[str, Any] = self.options or {}
        return build(self.translator, options, f"step {self.name}")

    def rewrite(self, texts: Sequence[str], ids: Sequence[int], copy: int) -> Texts:
        """Each text, there and back; None where it is blank, untranslated or came back as it was."""
        del ids, copy
        with Cache(Path(self.cache)) as cache:
            there = fill(self._way, texts, self.source, self.pivot, cache)
            self._heed(there.stopped, there.texts, texts)
            going = there.stopped is None
            back = fill(self._way, there.texts, self.pivot, self.source, cache, ask=going)
            self._heed(back.stopped, back.texts, texts)
        return [
            None if again == one_line(text) else again for text, again in zip(texts, back.texts, strict=True)
        ]

    def _heed(self, stopped: Stopped | None, done: Texts, texts: Sequence[str]) -> None:
        """Fail, or say what is missing, where the translator stopped."""
        if stopped is None:
            return
        have = sum(one is not None for one in done)
        asked = sum(bool(text.strip()) for text in texts)
        told = f"{stopped.problem}; {have} of {asked} texts are translated and kept in {self.cache}"
        if self.if_stopped == "fail":
            raise Stopped(
                stopped.place, told, f"{stopped.remedy}, then run again; or set if_stopped: keep"
            ) from stopped
        _LOG.warning("%s: %s; the others get no copy", stopped.place, told)
