"""What a translator is: texts of one language in, as many texts of another out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from trimtab.core.columns import Fault
from trimtab.core.errors import ConfigError, EnvironmentFault, suggestion
from trimtab.data.translate import TRANSLATORS
from trimtab.data.translate.cache import Ledger


class Stopped(EnvironmentFault):
    """A translator cannot go on: it is dead, it refuses, or its cap is reached. What was done is kept."""


@dataclass(frozen=True)
class Order:
    """One direction, and where to leave what is done.

    `keep` stores translations by text for good, the moment it is called, from any thread; `ledger` counts
    requests and money over all runs.
    """

    source: str
    target: str
    keep: Callable[[Mapping[str, str]], None]
    ledger: Ledger


@dataclass(frozen=True)
class Translator:
    """One way to translate. Fields are options that the spec may set."""

    name: ClassVar[str]
    manner: ClassVar[frozenset[str]] = frozenset({"batch_size"})
    """Options that change how it is asked but not what it answers: they are no part of the cache's key."""

    batch_size: int = 32

    def identity(self) -> dict[str, Any]:
        """What the translations depend on: the name, and the options but for those of manner."""
        options = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in self.manner}
        return {"translator": self.name, **options}

    def check(self, source: str, target: str) -> Iterator[Fault]:
        """What is certain to stop it, told before anything is asked."""
        del source, target
        yield from ()

    def translate(self, texts: Sequence[str], order: Order) -> None:
        """Translate distinct texts, each one line and not blank, and hand each part to `order.keep`.

        A text that it gives up is left out.

        Raises:
            Stopped: it cannot go on.
        """
        for batch in self.batches(texts):
            answers = self.answer(batch, order.source, order.target)
            if len(answers) != len(batch):
                raise Stopped(
                    f"translator {self.name}",
                    f"gave {len(answers)} translations of {len(batch)} texts",
                    "it must answer each text with one line",
                )
            order.keep({text: " ".join(found.split()) for text, found in zip(batch, answers, strict=True)})

    def answer(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The translations of one batch, in order: all that a translator on this machine has to say."""
        raise NotImplementedError

    def batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """The texts in groups of `batch_size`."""
        for start in range(0, len(texts), self.batch_size):
            yield list(texts[start : start + self.batch_size])


def directed(text: str, source: str, target: str) -> str:
    """A name or command with `{source}` and `{target}` filled in.

    >>> directed("opus-mt-{source}-{target}", "en", "zh")
    'opus-mt-en-zh'
    """
    return text.replace("{source}", source).replace("{target}", target)


def build(name: str, options: Mapping[str, Any], place: str) -> Translator:
    """The translator registered as `name`.

    Raises:
        ConfigError: no such translator, or an option that it does not have or that has a wrong value.
    """
    kind: type[Translator] = TRANSLATORS.load(name, place)
    hints = get_type_hints(kind, include_extras=True)
    known = {one.name: hints[one.name] for one in fields(kind)}
    values = {}
    for option, value in options.items():
        if option not in known:
            raise ConfigError(
                place, f"translator '{name}' has no option '{option}'", suggestion(option, known)
            )
        try:
            values[option] = TypeAdapter(known[option]).validate_python(value)
        except ValidationError as failure:
            said = failure.errors()[0]["msg"]
            raise ConfigError(place, f"{name}.{option} is {value!r}: {said}", "change the value") from None
    return kind(**values)


def wanted(value: str, option: str, translator: str, example: str) -> None:
    """Refuse an option that was left out.

    Raises:
        ConfigError: it is blank.
    """
    if not value.strip():
        raise ConfigError(f"translator {translator}", f"needs `{option}`", f"for example {option}: {example}")
