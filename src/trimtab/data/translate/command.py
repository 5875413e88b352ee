"""An external command as translator: one text a line in, one translation a line out."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from trimtab.core.columns import Fault
from trimtab.core.errors import ConfigError
from trimtab.data.translate.base import Stopped, Translator, directed, wanted


@dataclass(frozen=True)
class Command(Translator):
    """Run `command` for each batch; `{source}` and `{target}` in it become the languages.

    `apertium -u {source}-{target}` with the languages `eng` and `spa`, for instance. It gets the texts on its
    standard input, UTF-8, one a line, and must print as many lines. There is no shell in between.

    `paragraphs` puts an empty line after each text and expects one after each translation: for a program that
    reads across the end of a line. apertium does, and moves words into the next text.
    """

    name: ClassVar[str] = "command"
    manner: ClassVar[frozenset[str]] = frozenset({"batch_size", "timeout"})

    batch_size: Annotated[int, Field(ge=1)] = 256
    command: str = ""
    paragraphs: bool = False
    timeout: Annotated[float, Field(gt=0)] = 300.0
    """Seconds for one batch."""

    def __post_init__(self) -> None:
        wanted(self.command, "command", self.name, "'apertium -u {source}-{target}'")
        self._words()

    def _words(self) -> list[str]:
        """The program and its arguments.

        Raises:
            ConfigError: a quote stays open.
        """
        try:
            return shlex.split(self.command)
        except ValueError as error:
            problem = f"`command` is {self.command!r}: {str(error).lower()}"
            raise ConfigError(
                f"translator {self.name}", problem, "close the quote, or double the backslash"
            ) from error

    def check(self, source: str, target: str) -> Iterator[Fault]:
        """The program must be there."""
        program = directed(self._words()[0], source, target)
        if shutil.which(program) is None:
            yield Fault(f"there is no program '{program}'", "install it, or correct `command`")

    def answer(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The lines that the command printed."""
        words = [directed(word, source, target) for word in self._words()]
        place = f"command '{shlex.join(words)}'"
        end = "\n\n" if self.paragraphs else "\n"
        fed = "".join(f"{text}{end}" for text in texts).encode()
        try:
            done = subprocess.run(words, input=fed, capture_output=True, timeout=self.timeout, check=False)
        except FileNotFoundError as error:
            raise Stopped(place, f"there is no program '{words[0]}'", "install it, or correct it") from error
        except PermissionError as error:
            raise Stopped(place, f"'{words[0]}' may not be run", "make it executable") from error
        except subprocess.TimeoutExpired as error:
            raise Stopped(
                place, f"took longer than {self.timeout:g} s", "raise timeout, or lower batch_size"
            ) from error
        except (OSError, ValueError) as error:  # such as a script without an interpreter
            raise Stopped(
                place, f"cannot be run ({error})", "try it by hand; a script begins with #!"
            ) from error
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()[-200:] or "nothing on stderr"
            raise Stopped(place, f"ended with code {done.returncode} ({said})", "try it by hand")
        lines = done.stdout.decode(errors="replace").removesuffix(end).split(end)
        if len(lines) != len(texts) or any("\n" in line for line in lines):
            raise Stopped(
                place,
                f"printed {len(lines)} translations of {len(texts)} texts",
                "it must print one line a text (and with `paragraphs`, an empty one after it)",
            )
        return lines
