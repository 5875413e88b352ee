"""`python -m trimtab.serve BUNDLE`: serve without a project, for benchmarks and for containers.

Prints one line of JSON when it is ready: {"rest": PORT, "grpc": PORT, "version": ..., "name": ...}.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from trimtab.core.errors import ConfigError, TrimtabError
from trimtab.core.spec import ServeSpec
from trimtab.core.units import seconds, size_bytes
from trimtab.serve.lifeline import FLAG, HELP, end_with_parent
from trimtab.serve.server import Listening, serve

OPTIONS = ("host", "rest", "grpc", "queue", "max_texts", "max_bytes", "batch_tokens", "drain")
LOG_OPTIONS = ("log_size", "log_age")
UNITS = {"max_bytes": "B", "log_size": "B", "drain": "s", "log_age": "s"}
"""Of what is a plain number here, and an amount with its unit in the spec."""


def main() -> int:
    """Serve until stopped; the exit code of the process."""
    defaults = ServeSpec()
    parser = argparse.ArgumentParser(prog="python -m trimtab.serve", description="Serve a bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--rest", type=int, default=defaults.rest, help="0 takes a free port")
    parser.add_argument("--grpc", type=int, default=defaults.grpc, help="0 takes a free port")
    parser.add_argument("--queue", type=int, default=defaults.queue, help="texts that may wait")
    parser.add_argument("--max-texts", type=int, default=defaults.max_texts, help="most texts in one request")
    parser.add_argument("--max-bytes", type=int, default=defaults.max_bytes, help="largest request body")
    parser.add_argument(
        "--batch-tokens", type=int, default=defaults.batch_tokens, help="most tokens in one batch"
    )
    parser.add_argument("--drain", type=float, default=defaults.drain, help="seconds to finish on SIGTERM")
    parser.add_argument("--threads", type=int, help="worker threads; default: one for each processor")
    parser.add_argument("--log", type=Path, help="folder of the request log; default: none")
    parser.add_argument("--log-size", type=size_bytes, default=defaults.log_size, help="most bytes, as 1GB")
    parser.add_argument("--log-age", type=seconds, default=defaults.log_age, help="longest stay, as 30d")
    parser.add_argument(FLAG, action="store_true", help=HELP)
    args = parser.parse_args()
    if args.with_parent:
        end_with_parent()
    try:
        spec = _spec(args)
        return serve(args.bundle, spec, args.log, _announce, args.threads)
    except TrimtabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _spec(args: argparse.Namespace) -> ServeSpec:
    """What the command line asks for.

    Raises:
        ConfigError: a value that the spec would not take either, or no thread.
    """
    if args.threads is not None and args.threads < 1:
        raise ConfigError("--threads", f"is {args.threads}", "give at least 1")
    values = {name: getattr(args, name) for name in (*OPTIONS, *LOG_OPTIONS)}
    try:
        return ServeSpec(**{**values, **{name: f"{values[name]}{unit}" for name, unit in UNITS.items()}})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        remedy = first["msg"].removeprefix("Value error, ").replace("Input", "it")
        raise ConfigError(f"--{name.replace('_', '-')}", f"is {values[name]}", remedy) from error


def _announce(listening: Listening) -> None:
    print(json.dumps(asdict(listening)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
