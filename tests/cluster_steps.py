"""Steps that only the tests of the cluster need; workers import them from here."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl

from trimtab.core.objects import Batch
from trimtab.core.step import Step


@dataclass(frozen=True)
class Trap(Step):
    """Waits in the middle of its first summary to be killed; counts rows when it is left alone."""

    name: ClassVar[str] = "trap"
    learned: ClassVar[tuple[str, ...]] = ("rows",)

    folder: str
    rows: int | None = None

    def partial(self, batch: Batch) -> int:
        folder = Path(self.folder)
        if "ray" in sys.modules and not (folder / "killed").exists():
            (folder / f"{os.getpid()}.tmp").touch()
            (folder / f"{os.getpid()}.tmp").rename(folder / f"{os.getpid()}.pid")
            while not (folder / "killed").exists():
                time.sleep(0.01)
            time.sleep(1)  # the one to be killed gets no further; another one in the trap goes on
        return len(batch)

    def merge(self, left: int, right: int) -> int:
        return left + right

    def finish(self, total: int) -> Trap:
        return Trap(self.folder, total)

    def __call__(self, batch: Batch) -> Batch:
        return batch


@dataclass(frozen=True)
class Where(Step):
    """Writes beside each row which node it was seen on."""

    name: ClassVar[str] = "where"

    def __call__(self, batch: Batch) -> Batch:
        import ray

        time.sleep(0.5)  # long enough that one node does not do all blocks alone
        return batch.with_columns(node=[ray.get_runtime_context().get_node_id()] * len(batch))


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
