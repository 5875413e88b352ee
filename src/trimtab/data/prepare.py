"""The data room's part of the chain: from the files that the spec names to splits that models learn from.

Order, and why:

1. Read train and test; rows without text or label are dropped.
2. Train rows whose text stands in test are dropped (never test rows): a test row seen in training tells
   nothing. Near copies are counted, not dropped.
3. Steps that drop copies run on all train rows, before the split, so that no copy (and no near copy, where
   asked for) of a validation text is trained on. They learn nothing from a row but whose copy it is.
4. The validation rows are split off: by class, copies of a text on one side.
5. The other steps learn from the train rows alone, in the order of the spec. Those marked `train_only`
   change the train rows; the rest (impute) change validation and test rows too, as they will a request's.
6. Augmentation, on train rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trimtab.core.build_step import build_step
from trimtab.core.dropped import Dropped
from trimtab.core.errors import ConfigError, DataError, suggestion
from trimtab.core.objects import Batch, Splits
from trimtab.core.registry import Registry
from trimtab.core.spec import Spec, StepSpec
from trimtab.core.step import Step
from trimtab.data import STEPS
from trimtab.data.augment import grow_all
from trimtab.data.copies import Copies
from trimtab.data.engine import Engine, apply_rows, learn_rows, opened
from trimtab.data.leak import NEAR, drop_leaks, leakage
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.read import place_of, read
from trimtab.data.sources import rooted
from trimtab.data.split import split
from trimtab.data.tally import present_values

Place = Callable[..., str]
"""Where a value of the spec was written, as `ReadSpec.place`: `place("data", "train")`."""

LENGTH_CLASSES = 40
QUANTILES = {"p1": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99, "max": 1.0}


def _dotted(*path: str | int) -> str:
    return ".".join(str(part) for part in path)


def prepare(spec: Spec, folder: Path, place: Place = _dotted) -> Splits:
    """Read, clean, split and augment; `folder` is where relative paths of the spec start.

    `Splits.steps` holds all learned steps in the order they ran; serving takes those not `train_only`.

    Raises:
        ConfigError: a step or a parameter of it does not exist.
        DataError: a file cannot be read, or holds a test label that train does not know.
        EnvironmentFault: the engine is not there.
    """
    with opened(spec.engine) as engine:
        return _prepared(spec, folder, place, engine)


def _prepared(spec: Spec, folder: Path, place: Place, engine: Engine) -> Splits:
    clean, augment = (located(steps, folder) for steps in plan_steps(spec, place))
    data = spec.data
    source, test = _read(spec, folder, place)
    shared = {} if test is None else {"train_test": _leakage(source, test, spec, clean)}
    pool = source if test is None else drop_leaks(source, test, data.text)
    copies, pool = learn_rows(engine, [step for step in clean if isinstance(step, Copies)], pool)
    train, valid = _held_back(pool, spec, place)
    learned, train = learn_rows(engine, [step for step in clean if not isinstance(step, Copies)], train)
    lasting = [step for step in learned if not step.train_only]
    valid = apply_rows(engine, lasting, valid)
    test = apply_rows(engine, lasting, test) if test is not None else None
    labels = _labels(train, valid, source, spec)
    across = _leakage(train, valid, spec, clean)
    more, grown, copies_told = grow_all(augment, train)
    dropped = {"train": pool.dropped + train.dropped, "valid": valid.dropped}
    dropped |= {} if test is None else {"test": test.dropped}
    facts = _facts(source, train, valid, test, dropped, spec) | {
        "augmented": len(grown) - len(train),
        "augmentation": list(copies_told),
        "copies": [step.facts() for step in copies if isinstance(step, Copies)],
        "steps": {step.name: told for step in (*learned, *more) if (told := step.facts())},
        "leakage": {"train_valid": across, **shared},
    }
    steps = (*copies, *learned, *more)
    return Splits(grown, valid, test, steps, labels, data.text, data.label, dropped, facts)


def _read(spec: Spec, folder: Path, place: Place) -> tuple[Batch, Batch | None]:
    """The rows of the training and the test file; train knows every label of test."""
    data = spec.data
    source = read(rooted(folder, data.train), data, place("data", "train"))
    if data.test is None:
        return source, None
    texts = [  # a file of few rows may hold numbers alone where train has text too
        name
        for name, kind in source.columns.schema.items()
        if kind == pl.String and name not in data.types and present_values(source[name]).any()
    ]
    test = read(rooted(folder, data.test), data, place("data", "test"), texts)
    _check_labels(source, test, rooted(folder, data.test), spec)
    return source, test


def _held_back(pool: Batch, spec: Spec, place: Place) -> tuple[Batch, Batch]:
    """Train and validation rows."""
    data = spec.data
    train, valid = split(pool, data.validation, spec.seed, data.text, data.label)
    if len(valid) == 0:
        raise DataError(
            place("data", "validation"),
            f"a share of {data.validation} of {len(pool)} rows in {pool[data.label].n_unique()} classes "
            "holds back no row for validation",
            "give more rows a class, or raise data.validation",
        )
    return train, valid


def _leakage(left: Batch, right: Batch, spec: Spec, clean: Iterable[Step]) -> dict[str, Any]:
    """What two parts share. A near copy across parts is what the user called one within train."""
    similarity = min((step.similarity for step in clean if isinstance(step, NearDuplicates)), default=NEAR)
    return leakage(left, right, spec.data.text, spec.data.label, similarity).facts()


def plan_steps(spec: Spec, place: Place = _dotted) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The cleaning and the augmenting steps that the spec names, not yet learned.

    Raises:
        ConfigError: the first mistake that `planned` finds.
    """
    clean, augment = (
        tuple(planned(wanted, STEPS, section, spec, place(section, at)) for at, wanted in enumerate(listed))
        for section, listed in (("clean", spec.clean), ("augment", spec.augment))
    )
    return clean, augment


def planned(wanted: StepSpec, registry: Registry, section: str, spec: Spec, here: str) -> Step:
    """A step as a section of the spec names it, at `here`; not yet learned.

    Raises:
        ConfigError: its name or a parameter is wrong, or it does not fit texts or its section.
        SpecErrors: several wrong parameters, one line each.
    """
    step = build_step(wanted, registry, here, text=spec.data.text, label=spec.data.label, seed=spec.seed)
    if "text" not in step.accepts:
        known = ", ".join(sorted(step.accepts))
        raise ConfigError(
            here, f"step '{step.name}' does not understand texts", f"remove it; it accepts {known}"
        )
    if section == "augment" and not step.train_only:
        raise ConfigError(here, f"step '{step.name}' changes more than train rows", "move it to `clean`")
    return step


def located(steps: Iterable[Step], folder: Path) -> tuple[Step, ...]:
    """The steps, the files that they read and write named from `folder` on, where the spec lies."""
    return tuple(
        replace(step, **{name: str(folder / path) for name, path in _paths(step, folder)}) for step in steps
    )


def _paths(step: Step, folder: Path) -> Iterator[tuple[str, str]]:
    """The parameters of a step that name files in `folder`, and models that are folders there."""
    for name in (*step.reads, *step.writes, *step.models):
        path = getattr(step, name)
        if path and (name not in step.models or (path != "minilm" and (folder / path).is_dir())):
            yield name, path


def _check_labels(train: Batch, test: Batch, path: str, spec: Spec) -> None:
    known = set(train[spec.data.label])
    for row, label in zip(test.ids.tolist(), test[spec.data.label], strict=True):
        if label not in known:
            raise DataError(
                place_of(path, row, spec.data),
                f"{spec.data.label} '{label}' of test row {row} does not occur in train",
                _few(label, known),
            )


def _labels(train: Batch, valid: Batch, source: Batch, spec: Spec) -> tuple[str, ...]:
    """The classes that train still holds; cleaning must not lose one that other rows have."""
    label = spec.data.label
    kept = set(train[label])
    lost = sorted((set(source[label]) | set(valid[label])) - kept)
    if lost:
        raise DataError(
            spec.data.train,
            f"cleaning leaves no train row of class '{lost[0]}' ({len(lost)} such classes)",
            "loosen the steps under `clean`, or remove the class from the data",
        )
    if len(kept) < 2:
        raise DataError(spec.data.train, "train holds one class only", "give rows of at least two classes")
    return tuple(sorted(kept))


def _few(label: str, known: Iterable[str]) -> str:
    """The tail of a message about one label among perhaps hundreds."""
    names = sorted(known)
    close = suggestion(label, names).partition("available:")[0]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{close}train knows {shown}"


def _facts(
    source: Batch,
    train: Batch,
    valid: Batch,
    test: Batch | None,
    dropped: dict[str, Dropped],
    spec: Spec,
) -> dict[str, Any]:
    label, text = spec.data.label, spec.data.text
    kept = {"train": len(train), "valid": len(valid)} | ({} if test is None else {"test": len(test)})
    read_rows = {"train": len(source) + len(source.dropped)}
    read_rows |= {} if test is None else {"test": len(test) + len(test.dropped)}
    return {
        "read": read_rows,
        "kept": kept,
        "dropped": [
            {"split": part, "step": step, "reason": reason, "rows": rows}
            for part, drops in dropped.items()
            for (step, reason), rows in count_kinds(drops).items()
        ],
        "labels": {
            "before": dict(sorted(Counter(source[label]).items())),
            "after": dict(sorted((Counter(train[label]) + Counter(valid[label])).items())),
        },
        "lengths": {"before": _lengths([source], text), "after": _lengths([train, valid], text)},
        "length_unit": "characters",
        "length_counts": _length_counts([source], [train, valid], text),
        "missing": {
            when: _missing(batches) for when, batches in (("before", [source]), ("after", [train, valid]))
        },
    }


def _missing(batches: Sequence[Batch]) -> dict[str, float]:
    """The share of missing values of each column; of no rows, none."""
    rows = max(sum(len(batch) for batch in batches), 1)
    return {
        name: sum(len(batch) - int(present_values(batch[name]).sum()) for batch in batches) / rows
        for name in batches[0].columns.columns
        if all(name in batch.columns.columns for batch in batches)
    }


def _length_counts(before: Sequence[Batch], after: Sequence[Batch], text: str) -> dict[str, list[float]]:
    """Rows by length of the text, before and after, in the same classes; the last one is open."""
    was, now = (
        np.concatenate([batch[text].str.len_chars().to_numpy() for batch in part]) for part in (before, after)
    )
    if len(was) == 0:
        return {}
    last = max(float(np.quantile(was, 0.995)), 1.0)
    edges = np.unique(np.round(np.linspace(0, last, LENGTH_CLASSES + 1)))
    counts = (np.histogram(np.minimum(lengths, edges[-1]), edges)[0].tolist() for lengths in (was, now))
    return {"edges": edges.tolist(), **dict(zip(("before", "after"), counts, strict=True))}


def count_kinds(dropped: Dropped) -> Counter[tuple[str, str]]:
    """How many rows went, by step and by reason without the numbers of the single row.

    "near duplicate of row 1234 (Jaccard 0.93)" counts as "near duplicate of row N (Jaccard N)".
    """
    counts: Counter[tuple[str, str]] = Counter()
    for part in dropped.parts:
        kinds = part.reasons.str.replace_all(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "N").alias("kind")
        for kind, rows in kinds.to_frame().group_by("kind", maintain_order=True).len().iter_rows():
            counts[part.step, kind] += rows
    return counts


def _lengths(batches: Sequence[Batch], text: str) -> dict[str, float]:
    lengths = np.concatenate([batch[text].str.len_chars().to_numpy() for batch in batches])
    return {name: float(np.quantile(lengths, q)) for name, q in QUANTILES.items()} if len(lengths) else {}
