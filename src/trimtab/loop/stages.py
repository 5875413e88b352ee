"""What every stage of the chain has at hand: the spec, a store of finished stages, somebody to tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.core.machine import packages
from trimtab.core.spec import Spec
from trimtab.core.store import Stage, Store

Tell = Callable[[dict[str, Any]], object]


def nobody(event: dict[str, Any]) -> None:
    """Tell nobody."""
    del event


CODE = 3
"""Raised when a stage's code changes what it makes, so that an older result is not taken for a new one."""


@dataclass(frozen=True)
class Workshop:
    """The spec, the folder its relative paths start from, finished stages, and who is told."""

    spec: Spec
    folder: Path
    store: Store
    tell: Tell

    def stage(
        self,
        name: str,
        inputs: Mapping[str, Any],
        make: Callable[[Path], float | None],
        leave_out: tuple[str, ...] = (),
    ) -> Stage:
        """Find or make a stage, and tell when it starts and ends.

        What other versions of the libraries made is not found: it might differ, a measurement surely.

        `make` writes into the folder it gets; it may return the seconds it worked when earlier, killed
        tries count too.
        """
        self.tell({"event": "stage_started", "stage": name})

        def timed(folder: Path) -> float:
            started = time.monotonic()
            spent = make(folder)
            return time.monotonic() - started if spent is None else spent

        done = self.store.stage(name, {"code": CODE, "packages": packages(), **inputs}, timed, leave_out)
        self.tell(
            {"event": "stage_done", "stage": name, "seconds": round(done.seconds, 3), "fresh": done.fresh}
        )
        return done

    def progress(self, stage: str) -> Callable[..., None]:
        """The training loop's events as events of the chain."""

        def tell(event: str, **numbers: Any) -> None:
            self.tell({"event": event, "stage": stage, **numbers})

        return tell
