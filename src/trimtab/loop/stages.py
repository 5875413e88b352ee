"""What every stage of the chain has at hand: the spec, a store of finished stages, somebody to tell."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from trimtab.core.machine import packages
from trimtab.core.spec import Spec
from trimtab.core.store import Stage, Store, file_hash

Tell = Callable[[dict[str, Any]], object]


def nobody(event: dict[str, Any]) -> None:
    """Tell nobody."""
    del event


_STEPS = ("core", "data", "features")
_MODELS = (*_STEPS, "runtime", "models", "compress")
SOURCES: Mapping[str, tuple[str, ...]] = {
    "data": ("core", "data", "loop/learning.py"),
    "features": (*_STEPS, "loop/learning.py"),
    "train": ("core", "models", "loop/learning.py"),
    "compress": (*_MODELS, "loop/learning.py", "loop/shrinking.py"),
    "measure": (*_MODELS, "serve", "loop/learning.py", "loop/measuring.py"),
    "test": (*_MODELS, "loop/learning.py", "loop/shipping.py"),
    "bundle": (*_STEPS, "runtime", "monitor", "loop/card.py", "loop/shipping.py"),
}
"""The rooms and files whose source decides what a stage makes; each stage of one compressor is a `compress`.

What decides nothing but a stage's inputs is not among them: the room `tune` proposes settings, and the
settings are in the key.
"""
STEP_PACKAGES = (
    "cleanlab",
    "faiss-cpu",
    "gensim",
    "imbalanced-learn",
    "pillow",
    "rjieba",
    "scikit-learn",
    "xgboost-cpu",
)
"""What steps wrap (`trimtab[data]`): other versions of them may clean otherwise, and train the same."""


@cache
def code_of(stage: str) -> str:
    """SHA-256 of the source that a stage is made by, so that an older result is not taken for a new one.

    Any edit counts, one of a comment too: in a developer's tree that repeats a stage too many at times,
    and never one too few. An installed release does not change.
    """
    home = Path(str(files("trimtab")))
    total = hashlib.sha256()
    for source in SOURCES[stage]:
        place = home / source
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix != ".pyc":
                total.update(f"{path.relative_to(home).as_posix()}\0{file_hash(path)}\n".encode())
    return total.hexdigest()


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
    ) -> Stage:
        """Find or make a stage, and tell when it starts and ends.

        What other code or other versions of the libraries made is not found: it might differ, a
        measurement surely.

        `make` writes into the folder it gets; it may return the seconds it worked when earlier, killed
        tries count too.
        """
        self.tell({"event": "stage_started", "stage": name})

        def timed(folder: Path) -> float:
            started = time.monotonic()
            spent = make(folder)
            return time.monotonic() - started if spent is None else spent

        kind = name.partition("-")[0]
        wrapped = packages(STEP_PACKAGES if kind in ("data", "features") else ())
        done = self.store.stage(name, {"code": code_of(kind), "packages": wrapped, **inputs}, timed)
        self.tell(
            {"event": "stage_done", "stage": name, "seconds": round(done.seconds, 3), "fresh": done.fresh}
        )
        return done

    def progress(self, stage: str) -> Callable[..., None]:
        """The training loop's events as events of the chain."""

        def tell(event: str, **numbers: Any) -> None:
            self.tell({"event": event, "stage": stage, **numbers})

        return tell
