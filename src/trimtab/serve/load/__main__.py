"""`python -m trimtab.serve.load`: drives a service from a process of its own and prints a summary as JSON.

The bearer token, if any, is that of TRIMTAB_TOKEN.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from trimtab.serve.access import TOKEN
from trimtab.serve.lifeline import FLAG, HELP, end_with_parent
from trimtab.serve.load.play import play
from trimtab.serve.load.result import Plan


def main() -> int:
    """Run one plan; 0 when every request was answered or refused, else 1."""
    args = _parser().parse_args()
    if args.with_parent:
        end_with_parent()
    plan = Plan(
        **{name: getattr(args, name) for name in Plan.__dataclass_fields__ if name not in ("texts", "token")},
        texts=tuple(read_texts(args.texts)),
        token=os.environ.get(TOKEN),
    )
    result = play(plan)
    if args.out is not None:
        result.write(args.out)
    print(json.dumps(result.summary()))
    return 1 if result.errors else 0


def read_texts(path: Path) -> list[str]:
    """One text a line; in `.jsonl` files a JSON string or an object with a field `text`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix != ".jsonl":
        return [line for line in lines if line.strip()]
    rows = [json.loads(line) for line in lines]
    return [row if isinstance(row, str) else row["text"] for row in rows]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trimtab.serve.load", description="Drive a service.")
    parser.add_argument("--url", required=True, help="http://HOST:PORT")
    parser.add_argument("--protocol", choices=["rest", "grpc"], default="rest")
    parser.add_argument("--texts", type=Path, required=True, help="file with one text a line")
    parser.add_argument("--concurrency", type=int, default=Plan.concurrency)
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--requests", type=int, help="stop after so many requests instead")
    parser.add_argument("--rate", type=float, help="requests a second: an open loop")
    parser.add_argument("--path", default=Plan.path, help="path of the REST call")
    parser.add_argument("--model", default=Plan.model, help="name of the model, for gRPC")
    parser.add_argument("--answers", action="store_true", help="keep labels and confidences")
    parser.add_argument(FLAG, action="store_true", help=HELP)
    parser.add_argument("--out", type=Path, help="file for the raw replies")
    return parser


if __name__ == "__main__":
    sys.exit(main())
