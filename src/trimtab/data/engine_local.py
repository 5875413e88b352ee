"""Runs steps over rows that come in blocks, on this machine, one step after another.

The blocks lie in memory here; `clean_file` is for rows that do not fit there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trimtab.core.objects import Batch
from trimtab.core.step import Step


def learn(steps: Iterable[Step], blocks: Sequence[Batch]) -> tuple[tuple[Step, ...], tuple[Batch, ...]]:
    """Each step learned from the rows as the steps before it left them, and the blocks after all steps."""
    learned: list[Step] = []
    for step in steps:
        learned.append(step.learn_blocks(blocks))
        blocks = [learned[-1].on_train(block) for block in blocks]
    return tuple(learned), tuple(blocks)


def cores() -> int:
    """One block at a time; a step itself may use all cores of the machine."""
    return 1


def apply(steps: Iterable[Step], blocks: Sequence[Batch]) -> tuple[Batch, ...]:
    """Blocks after learned steps."""
    for step in steps:
        blocks = [step(block) for block in blocks]
    return tuple(blocks)
