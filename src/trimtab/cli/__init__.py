"""The command line: parse, call loop, print. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from trimtab.cli.parser import parser
from trimtab.core.errors import ConfigError, Interrupted, TrimtabError
from trimtab.loop.events import tell_error, unexpected


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        args = parser().parse_args(words)
        args.overrides = [*args.overrides, *args.overrides_after]
        if args.directory is not None:
            _enter(args.directory)
        return int(args.call(args) or 0)
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            return 128 + signal.SIGPIPE
        if "--debug" in words:
            traceback.print_exc()
        return tell_error(_named(error, words), "--json" in words)


def _reader_is_gone() -> bool:
    """Whether it is our own output that nobody reads any more, as after `head`: nobody is left to tell."""
    try:
        out = sys.stdout.fileno()
    except (OSError, ValueError):  # no file at all
        return False
    watched = select.poll()
    watched.register(out, 0)  # whoever waits for nothing is told of errors only
    if not watched.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), out)
    return True


def _enter(folder: Path) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise ConfigError(
            f"-C {folder}", error.strerror or str(error), "name a folder that exists"
        ) from error


def _named(error: BaseException, words: Sequence[str]) -> TrimtabError:
    """Whatever ended a command, as an error that says place, problem and remedy."""
    if isinstance(error, TrimtabError):
        return error
    if isinstance(error, Exception):
        return unexpected(error)
    return Interrupted(f"trimtab {' '.join(words)}", "stopped", "run the same command again to go on")
