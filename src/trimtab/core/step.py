"""A step is a frozen value: `learn(batch)` gives a step holding what it learnt, `step(batch)` a batch.

`learn` is a sum: `partial` summarises one block of rows, `merge` adds two summaries, and
`finish` turns the total into the learned step. One implementation so runs on one machine and,
block by block, on a cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from trimtab.core.columns import Columns, Fault, missing
from trimtab.core.objects import Batch
from trimtab.core.registry import Registry

STEP_FILE = "steps.json"
MODALITIES = frozenset({"text", "tabular", "image", "series"})


@dataclass(frozen=True)
class Step:
    """One operator over rows or columns. Subclasses are frozen dataclasses, one file each.

    Every field is a parameter, but for those named in `learned`: `learn` fills them. A field is a JSON
    value, a NumPy array, or None before learning.
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]] = frozenset({"text", "tabular"})
    """The modalities whose batches the step understands."""
    adds_rows: ClassVar[bool] = False
    """True for steps that add rows to those they get."""
    light: ClassVar[bool] = False
    """True where doing the step again costs less than storing the rows after it: an engine may then do so."""
    learned: ClassVar[tuple[str, ...]] = ()
    """The fields that `learn` fills."""
    writes: ClassVar[tuple[str, ...]] = ()
    """Parameters that name a file the step keeps for itself, relative to the spec."""
    models: ClassVar[tuple[str, ...]] = ()
    """Parameters that name a pretrained model; one that is a folder is treated as those of `reads`."""
    files: ClassVar[dict[str, str]] = {}
    """Text fields that are saved as a file of their own: field to file name."""

    @property
    def train_only(self) -> bool:
        """True when the step drops or adds rows: it then stays behind when the model is served.

        Ask a step, not its class. A step that always does so says `train_only: ClassVar[bool] = True`; one
        that does so for some of its parameters only (`action: drop`) overrides the property.
        """
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        """Parameters that name a file that is read, relative to the spec; the step runs again if it changes.

        Ask a step, as for `train_only`: a name may also stand for something that is no file.
        """
        return ()

    @property
    def needs_label(self) -> bool:
        """True when the step cannot learn without the label column. Ask a step, as for `train_only`."""
        return False

    @property
    def single(self) -> bool:
        """True when the step can do with texts or pictures alone, without a table around them.

        Ask a step, as for `train_only`; one that also reads tables says so itself.
        """
        return self.accepts in ({"text"}, {"image"})

    @property
    def together(self) -> tuple[str, ...] | None:
        """The columns whose equal values must lie in one block; `()`: all rows in one; None: any will do.

        A step that looks at neighbouring rows (a rolling mean) says here which rows are neighbours, so that
        an engine never cuts between them.
        """
        return None

    def check(self, columns: Columns | None) -> Iterator[Fault]:
        """What is certain to fail, told before anything is read or learnt; cheap, and without heavy imports.

        `columns` are those that reach the step, None where nobody knows them; the names of files are paths
        from here. By default: columns that marked parameters name, and files of `reads` that are not there.
        """
        if columns is not None:
            yield from missing(self, columns)
        for parameter in self.reads:
            path = getattr(self, parameter)
            if path and parameter not in self.writes and not Path(path).is_file():
                remedy = "mend the path; it starts where the spec lies"
                yield Fault(f"{parameter} '{path}' is no file", remedy)

    def after(self, columns: Columns) -> Columns:
        """The columns that there may be after the step."""
        return columns

    def partial(self, batch: Batch) -> Any:
        """The summary of one block of rows; None when there is nothing to learn."""
        del batch
        return None

    def merge(self, left: Any, right: Any) -> Any:
        """The summary of two blocks together; associative, and order does not matter."""
        del right
        return left

    def finish(self, total: Any) -> Self:
        """The learned step."""
        del total
        return self

    def learn(self, batch: Batch) -> Self:
        """Learn from one batch (train rows only)."""
        return self.finish(self.partial(batch))

    def learn_blocks(self, blocks: Iterable[Batch]) -> Self:
        """Learn from rows that come in blocks: the same step as from all rows at once."""
        return self.finish(reduce(self.merge, (self.partial(block) for block in blocks)))

    def __call__(self, batch: Batch) -> Batch:
        """Apply what was learnt."""
        raise NotImplementedError

    def on_train(self, batch: Batch) -> Batch:
        """The train rows, those that were learned from, after the step.

        Other than `step(batch)` only where a row must not see its own label (target encoding, out of fold).
        """
        return self(batch)

    def facts(self) -> dict[str, Any]:
        """What the learned step tells the report, as plain JSON values; empty where there is nothing."""
        return {}

    def state(self) -> dict[str, Any]:
        """Every field by name, as JSON values and arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class KeyedStep(Step):
    """A step whose rows concern each other only where they share a key: an engine may then shuffle by key.

    So no machine sees all rows: each share of the keys goes to one place, `pick` takes the rows whose key
    occurs twice, `settle` says what the rows of one share have to do with each other, `conclude` sums up.
    The result is that of `finish` on all rows. In `merge`, the rows of `left` come first.
    """

    def keys(self, summary: Any) -> tuple[np.ndarray, np.ndarray]:
        """Row positions in a summary, and their 64-bit keys, each (keys,); a row may have none or several."""
        raise NotImplementedError

    def pick(self, summary: Any, rows: np.ndarray) -> Any:
        """The summary of the rows at positions `rows` alone."""
        raise NotImplementedError

    def settle(self, total: Any, keys: tuple[np.ndarray, np.ndarray]) -> Any:
        """What the rows of a share have to do with each other; a finding may come from two shares.

        `keys` are those of the share, as `keys` gave them for its rows: they need not be made twice.
        """
        raise NotImplementedError

    def conclude(self, findings: Sequence[Any]) -> Self:
        """The learned step, from the findings of all shares in any order."""
        raise NotImplementedError


@dataclass(frozen=True)
class ColumnStep(Step):
    """A step that learns each column by itself: an engine may then learn columns in different places.

    `scatter` cuts the summary of each block into shares of columns, a column into the same share each time;
    each share is merged and finished alone, and `gather` puts the learned steps together.
    """

    def scatter(self, summary: Any, shares: int) -> list[Any]:
        """A summary cut into `shares` by column; some may hold none."""
        raise NotImplementedError

    def gather(self, learned: Sequence[Self]) -> Self:
        """The learned step, from those that learned a share of the columns each, in any order."""
        raise NotImplementedError


def save_steps(steps: Sequence[Step], folder: Path) -> None:
    """Write learned steps to `steps.json`, their arrays to `steps.npz` (no pickle), and their own files."""
    rows: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for number, step in enumerate(steps):
        state = step.state()
        for field, file in step.files.items():
            (folder / file).write_text(state.pop(field), encoding="utf-8")
        for field in [name for name, value in state.items() if isinstance(value, np.ndarray)]:
            arrays[f"{number}.{field}"] = state.pop(field)
        rows.append({"step": step.name, "state": state})
    (folder / STEP_FILE).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    if arrays:
        np.savez(folder / "steps.npz", allow_pickle=False, **arrays)


def load_steps(folder: Path, *registries: Registry) -> tuple[Step, ...]:
    """The steps that `save_steps` wrote; each name is looked up in the registries in turn."""
    rows = json.loads((folder / STEP_FILE).read_text(encoding="utf-8"))
    packed = folder / "steps.npz"
    arrays = dict(np.load(packed, allow_pickle=False)) if packed.exists() else {}
    steps = []
    for number, row in enumerate(rows):
        registry = next((table for table in registries if row["step"] in table), registries[0])
        kind: type[Step] = registry.load(row["step"], place=str(folder / STEP_FILE))
        state = dict(row["state"])
        for field, file in kind.files.items():
            state[field] = (folder / file).read_text(encoding="utf-8")
        state |= {
            key.split(".", 1)[1]: value for key, value in arrays.items() if key.startswith(f"{number}.")
        }
        steps.append(kind(**{key: _tupled(value) for key, value in state.items()}))
    return tuple(steps)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
