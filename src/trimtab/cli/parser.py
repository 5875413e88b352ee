"""The commands, their arguments, and errors that name the nearest spelling."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from trimtab import __version__
from trimtab.cli import verbs
from trimtab.core.errors import ConfigError, suggestion

_BUNDLE = (
    (("--bundle",), {"type": Path, "metavar": "FOLDER", "help": "a bundle's folder"}),
    (
        ("--version",),
        {"dest": "of_version", "metavar": "V", "default": "champion", "help": "a version of the registry"},
    ),
)
_WHY = (("--why",), {"default": "by hand", "metavar": "TEXT", "help": "the reason, for the audit trail"})


def _positive(word: str) -> float:
    """A number above zero.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"'{word}' is no number above 0")
    return number


def _written(target: str) -> tuple[Any, ...]:
    return (
        (("target",), {"nargs": "?", "default": target, "help": f"what for; default: {target}"}),
        (("--into",), {"type": Path, "metavar": "FOLDER", "help": "default: build/TARGET-VERSION"}),
        *_BUNDLE,
    )


VERBS: dict[Callable[[argparse.Namespace], int | None], tuple[Any, ...]] = {
    verbs.init: (
        (("example",), {"nargs": "?", "help": "an example that ships with trimtab, such as banking77"}),
        (("--into",), {"type": Path, "metavar": "FOLDER", "help": "where to; default: a folder named as it"}),
        (("--if-missing",), {"action": "store_true", "help": "do nothing where a project stands already"}),
    ),
    verbs.profile: (
        (
            ("data",),
            {"metavar": "DATA", "help": "a file, a glob, a folder of pictures or of a dataset, s3://..."},
        ),
        (("--text",), {"metavar": "COLUMN", "help": "the column with the text; default: guessed"}),
        (("--label",), {"metavar": "COLUMN", "help": "the column with the class; default: guessed"}),
        (("--test",), {"metavar": "FILE", "help": "rows to compare with: leakage and drift"}),
        (("--out",), {"type": Path, "metavar": "FILE", "help": "the page; default: build/profile/NAME.html"}),
    ),
    verbs.plan: (),
    verbs.run: (),
    verbs.report: (
        (("run",), {"nargs": "?", "help": "a run's id; default: the latest"}),
        (("--no-open",), {"action": "store_true", "help": "print the path and open nothing"}),
    ),
    verbs.serve: _BUNDLE,
    verbs.bench: (
        (("--url",), {"help": "a running service, such as http://127.0.0.1:8080"}),
        *_BUNDLE,
        (("--texts",), {"type": Path, "metavar": "FILE", "help": "one text a line; default: the test texts"}),
        (
            ("--seconds",),
            {"type": _positive, "default": 8.0, "metavar": "S", "help": "length of one load; default: 8"},
        ),
        (
            ("--rate",),
            {
                "type": _positive,
                "metavar": "R",
                "help": "requests a second of the open loop; default: half the best",
            },
        ),
        (
            ("--replay",),
            {"action": "store_true", "help": "first send each text once, logged as traffic for `watch`"},
        ),
    ),
    verbs.watch: (
        *_BUNDLE,
        (("--log",), {"type": Path, "metavar": "FOLDER", "help": "the request log's folder"}),
    ),
    verbs.promote: ((("promoted",), {"metavar": "VERSION"}), _WHY),
    verbs.rollback: (_WHY,),
    verbs.history: (),
    verbs.export: _written("onnx"),
    verbs.deploy: _written("docker"),
    verbs.doctor: (),
    verbs.schema: (),
    verbs.fetch: ((("source",), {"metavar": "ID", "help": "a Hugging Face id, such as org/name"}),),
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest spelling."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with its usage."""
        unknown = re.search(r"invalid choice: '([^']*)'", message)
        if unknown:
            names = [verb.__name__ for verb in VERBS]
            raise ConfigError("trimtab", f"no command '{unknown[1]}'", suggestion(unknown[1], names))
        raise ConfigError(self.prog, message, f"see `{self.prog} --help`")


def parser() -> argparse.ArgumentParser:
    """The parser of every command; global options stand before or after the verb."""
    top = _Parser(prog="trimtab", description="Raw data in; a small, fast, watched model out, under budgets.")
    top.add_argument("--version", action="version", version=f"trimtab {__version__}")
    _add_globals(top, "overrides")
    top.set_defaults(overrides=[], overrides_after=[], directory=None, file=Path("trimtab.yaml"))
    top.set_defaults(
        json=False,
        debug=False,
        offline=os.environ.get("TRIMTAB_OFFLINE", "0").lower() not in ("", "0", "false", "no"),
    )
    commands = top.add_subparsers(metavar="VERB", required=True, parser_class=_Parser)
    for verb, arguments in VERBS.items():
        said = (verb.__doc__ or "").rstrip(".")
        sub = commands.add_parser(verb.__name__, help=said[0].lower() + said[1:], description=verb.__doc__)
        for names, options in arguments:
            sub.add_argument(*names, **options)
        _add_globals(sub, "overrides_after")
        sub.set_defaults(call=verb)
    return top


def _add_globals(target: argparse.ArgumentParser, overrides: str) -> None:
    group = target.add_argument_group("options of every command")
    unset = argparse.SUPPRESS  # so that a verb's parser does not reset what stood before the verb
    group.add_argument(
        "-C", dest="directory", type=Path, metavar="DIR", default=unset, help="work in this folder"
    )
    group.add_argument(
        "--file", type=Path, metavar="FILE", default=unset, help="the spec; default: trimtab.yaml"
    )
    group.add_argument(
        "--set",
        dest=overrides,
        action="append",
        metavar="A.B=C",
        default=unset,
        help="set a value of the spec",
    )
    for name, said in (
        ("json", "NDJSON events on stdout, then one result"),
        ("offline", "any download is an error; TRIMTAB_OFFLINE=1 says so too"),
        ("debug", "show tracebacks"),
    ):
        group.add_argument(f"--{name}", action="store_true", default=unset, help=said)
