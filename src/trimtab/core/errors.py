"""Every failure a user can meet, each with its exit code, its place and its remedy.

Exit codes: 0 ok, 1 a gate failed, 2 usage or config, 3 environment, 4 budget cannot be met,
5 interrupted and resumable, 70 a defect of trimtab itself (EX_SOFTWARE of sysexits.h).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


class TrimtabError(Exception):
    """A failure that says where it happened, what is wrong and what to do next, in one line."""

    exit_code = 1

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        self.place = place
        self.problem = problem
        self.remedy = remedy
        super().__init__(one_line(f"{place}: {problem}; {remedy}"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again from its parts: an error may come from another process."""
        return type(self), (self.place, self.problem, self.remedy)


class GateFailed(TrimtabError):
    """A statistical gate said no: nothing was promoted."""

    exit_code = 1


class ConfigError(TrimtabError):
    """The command line or the spec asks for something that does not exist or does not fit."""

    exit_code = 2


class DataError(TrimtabError):
    """The data do not say what the spec promises; names file, row and column."""

    exit_code = 2


class EnvironmentFault(TrimtabError):
    """The machine lacks something: a package, a port, a file, a permission."""

    exit_code = 3


class BundleError(EnvironmentFault):
    """A bundle is missing, incomplete or not the one that was signed."""


class Interrupted(TrimtabError):
    """Stopped by the user or the machine; the same command goes on where it stopped."""

    exit_code = 5


class Defect(TrimtabError):
    """Something that should not happen: a mistake of trimtab's, not the user's."""

    exit_code = 70


class SpecErrors(ConfigError):
    """Every mistake of a spec at once."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.place, first.problem, first.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.errors,)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def one_line(text: str) -> str:
    """Fold white space, so that an error always fits one line of a log."""
    return " ".join(text.split())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known spelling closest to `word`, or None when nothing is close.

    >>> nearest("latency_p9", ["latency_p99", "size"])
    'latency_p99'
    """
    found = get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """The tail of an error about an unknown name: nearest spelling, then all that exists."""
    names = sorted(known)
    close = nearest(word, names)
    hint = f"did you mean '{close}'? " if close else ""
    return f"{hint}available: {', '.join(names) or 'nothing'}"
