"""Steps that only the tests of the cluster need; workers import them from here."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import polars as pl

from trimtab.core.objects import Batch
from trimtab.core.step import Step
from until import HANGS, until

CHOSEN = "chosen"
"""The file that names the process to be killed."""


@dataclass(frozen=True)
class Trap(Step):
    """Waits in its first summary until one process is chosen to be killed; the others count rows."""

    name: ClassVar[str] = "trap"
    learned: ClassVar[tuple[str, ...]] = ("rows",)

    folder: str
    rows: int | None = None

    def partial(self, batch: Batch) -> int:
        folder, me = Path(self.folder), str(os.getpid())
        if "ray" in sys.modules and not (folder / CHOSEN).exists():
            (folder / f"{me}.pid").touch()
            until((folder / CHOSEN).exists)
            if (folder / CHOSEN).read_text() == me:
                time.sleep(HANGS)  # it gets no further; another one in the trap goes on
        return len(batch)

    def merge(self, left: int, right: int) -> int:
        return left + right

    def finish(self, total: int) -> Trap:
        return Trap(self.folder, total)

    def __call__(self, batch: Batch) -> Batch:
        return batch


@dataclass(frozen=True)
class Where(Step):
    """Writes beside each row which node it was seen on; the first one waits for the other."""

    name: ClassVar[str] = "where"

    folder: str

    def __call__(self, batch: Batch) -> Batch:
        import ray

        node = ray.get_runtime_context().get_node_id()
        (Path(self.folder) / node).touch()
        until(lambda: len(list(Path(self.folder).iterdir())) == 2)  # else one could do all blocks alone
        return batch.with_columns(node=[node] * len(batch))


@dataclass(frozen=True)
class Heavy(Step):
    """Leaves a file each time that it is done."""

    name: ClassVar[str] = "heavy"

    folder: str

    def __call__(self, batch: Batch) -> Batch:
        (Path(self.folder) / uuid4().hex).touch()
        return batch


@dataclass(frozen=True)
class Light(Heavy):
    """The same, but costs less than storing the rows after it."""

    name: ClassVar[str] = "light"
    light: ClassVar[bool] = True


@dataclass(frozen=True)
class Rank(Step):
    """The place of each row within its sensor: wrong wherever neighbours were parted."""

    name: ClassVar[str] = "rank"

    @property
    def together(self) -> tuple[str, ...]:
        return ("sensor",)

    def __call__(self, batch: Batch) -> Batch:
        rank = batch.columns.select(pl.col("time").rank("ordinal").over("sensor")).to_series()
        return batch.with_columns(rank=rank)
