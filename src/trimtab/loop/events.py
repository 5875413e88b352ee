"""Tells what happens: NDJSON on stdout for machines, progress with time left on stderr for people.

    {"event": "stage_started", "stage": "train"}
    {"event": "batch_done", "stage": "train", "step": 12, "steps": 940}
    {"event": "stage_done", "stage": "train", "seconds": 311.5, "fresh": true}
    {"event": "error", "place": "...", "problem": "...", "remedy": "...", "exit_code": 2}
    {"event": "result", ...}

The last line is the result, or one `error` for each mistake. `fresh` is false for a stage that was found.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from trimtab.core.errors import Defect, EnvironmentFault, SpecErrors, TrimtabError

Event = Mapping[str, Any]
"""One JSON object; `event` names it."""


def write_event(event: Event) -> None:
    """One event as one line of JSON on stdout, at once."""
    print(json.dumps(event, ensure_ascii=False, default=str), flush=True)


def tell_error(error: TrimtabError, as_json: bool) -> int:
    """An error (each of several) as one line on stderr, and with `as_json` as an event too; its exit code."""
    for one in error.errors if isinstance(error, SpecErrors) else (error,):
        print(f"error: {one}", file=sys.stderr, flush=True)
        if as_json:
            said = {"place": one.place, "problem": one.problem, "remedy": one.remedy}
            write_event({"event": "error", **said, "exit_code": error.exit_code})
    return error.exit_code


def unexpected(error: Exception) -> TrimtabError:
    """A defect as an error like any other: its class, and the innermost line of trimtab it went through."""
    if isinstance(error, ModuleNotFoundError) and not (error.name or "trimtab").startswith("trimtab"):
        remedy = 'install what training needs: pip install "trimtab[train]"'
        return EnvironmentFault(f"package '{error.name}'", "is not installed", remedy)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "trimtab" in Path(frame.filename).parts] or frames
    place = f"{'/'.join(Path(ours[-1].filename).parts[-2:])}:{ours[-1].lineno}"
    return Defect(place, f"{type(error).__name__}: {error}", "run again with --debug for the traceback")


class JsonLines(AbstractContextManager["JsonLines"]):
    """Events for machines."""

    def __call__(self, event: Event) -> None:
        """Write the event."""
        write_event(event)

    def __exit__(self, *_: object) -> None:
        """Nothing is held back, so nothing is left to write."""


class Progress(AbstractContextManager["Progress"]):
    """Events for people: one line for each finished stage, and a bar for the one that works."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        console = Console(stderr=True, highlight=False)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # into a file go the lines alone
        )
        self._tasks: dict[str, Any] = {}
        self._tellers: dict[str, Callable[[Event], None]] = {
            "stage_started": self._stage_started,
            "stage_done": self._stage_done,
            "fit_started": self._fit_moved,
            "batch_done": self._fit_moved,
            "round_done": self._fit_moved,
            "epoch_done": self._epoch_done,
            "trial_done": self._trial_done,
            "measured": self._measured,
            "released": self._released,
            "damaged": self._damaged,
            "touched": self._touched,
            "skipped": self._skipped,
        }

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show the event; one that has no line of its own changes nothing."""
        if teller := self._tellers.get(event["event"]):
            teller(event)

    def _say(self, line: str) -> None:
        self._bars.console.print(line, markup=False)

    def _stage_started(self, event: Event) -> None:
        stage = event["stage"]
        self._tasks[stage] = self._bars.add_task(stage, total=None)

    def _stage_done(self, event: Event) -> None:
        stage = event["stage"]
        if (task := self._tasks.pop(stage, None)) is not None:
            self._bars.remove_task(task)
        spent = f"{event['seconds']:.1f} s" if event["fresh"] else "found, nothing to do"
        self._say(f"{stage:<24} {spent}")

    def _fit_moved(self, event: Event) -> None:
        task = self._tasks.get(event["stage"], self._bars.task_ids[-1] if self._bars.task_ids else None)
        if task is not None:
            self._bars.update(task, completed=event["step"], total=event["steps"])

    def _epoch_done(self, event: Event) -> None:
        figures = (f"{name} {value:.4g}" for name, value in event.items() if isinstance(value, float))
        self._say(f"  {event['stage']}: {', '.join(figures)}")

    def _trial_done(self, event: Event) -> None:
        self._say(f"  trial {event['number']}: score {event['score']:.4f}")

    def _measured(self, event: Event) -> None:
        self._say(
            f"  {event['name']}: accuracy {100 * event['accuracy']:.2f} %, p50 {event['p50_ms']:.2f} ms, "
            f"p99 {event['p99_ms']:.2f} ms, {event['throughput']:.0f}/s, {event['size_bytes'] / 1e6:.1f} MB"
        )

    def _released(self, event: Event) -> None:
        when = "" if event["fresh"] else " (decided before)"
        self._say(f"{event['action']} {event['version']}: {event['why']}{when}")

    def _damaged(self, event: Event) -> None:
        self._say(f"warning: a finished stage was changed, and is made again; it lies in {event['folder']}")

    def _skipped(self, event: Event) -> None:
        self._say(f"  {event['stage']} is left out: {event['why']}")

    def _touched(self, event: Event) -> None:
        if event["look"] > 1:
            self._say(f"note: this is look {event['look']} at these test rows; the first was the fair one")
