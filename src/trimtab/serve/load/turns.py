"""Drives several services in turn from one process of its own: `python -m trimtab.serve.load.turns FOLDER`.

A fresh process for each short turn would spend more time on starting than on asking.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from trimtab.core.errors import EnvironmentFault
from trimtab.serve.lifeline import FLAG, HELP, end_with_parent, lifeline
from trimtab.serve.load.play import play
from trimtab.serve.load.result import LoadResult, Plan

PLANS = "plans.json"


def take_turns(plans: Sequence[Plan], scratch: Path | None = None) -> list[LoadResult]:
    """Run the plans one after the other in a separate process.

    `scratch` is a folder for its files, which are removed at the end.

    Raises:
        EnvironmentFault: the generator itself failed.
    """
    with TemporaryDirectory(dir=scratch) as place:
        folder = Path(place)
        (folder / PLANS).write_bytes(msgspec.json.encode([asdict(plan) for plan in plans]))
        command = [sys.executable, "-m", "trimtab.serve.load.turns", str(folder), FLAG]
        with lifeline() as stdin:
            done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise EnvironmentFault(
                plans[0].url, f"the load generator failed ({said[-1:]})", "check that the service answers"
            )
        return [LoadResult.read(folder / _reply(number)) for number in range(len(plans))]


def main() -> int:
    """Play the plans in a folder and write the replies of each beside them."""
    parser = argparse.ArgumentParser(prog="python -m trimtab.serve.load.turns", description=__doc__)
    parser.add_argument("folder", type=Path, help=f"folder that holds {PLANS}")
    parser.add_argument(FLAG, action="store_true", help=HELP)
    args = parser.parse_args()
    if args.with_parent:
        end_with_parent()
    plans = msgspec.json.decode((args.folder / PLANS).read_bytes(), type=list[Plan])
    for number, plan in enumerate(plans):
        play(plan).write(args.folder / _reply(number))
    return 0


def _reply(number: int) -> str:
    return f"{number}.jsonl"


if __name__ == "__main__":
    sys.exit(main())
