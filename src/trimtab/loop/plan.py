"""Checks a spec as a whole, every error at once, and says what a run would do; it starts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trimtab.compress import AUTO, COMPRESSORS, NEEDS
from trimtab.core.budget import least_drop
from trimtab.core.errors import ConfigError, SpecErrors, suggestion
from trimtab.core.registry import Registry
from trimtab.core.spec_errors import place_of
from trimtab.core.spec_file import ReadSpec, dotted, options, read_partly
from trimtab.core.step import Step
from trimtab.core.units import show_share
from trimtab.data import STEPS
from trimtab.data.copies import Copies
from trimtab.data.prepare import located, planned
from trimtab.data.sources import rooted
from trimtab.features import FEATURES, READ
from trimtab.loop.estimate import Estimate, estimate
from trimtab.loop.home import Home
from trimtab.loop.inputs import count_rows, data_mistakes, train_columns
from trimtab.models import FAMILIES, SMALL
from trimtab.tune import SAMPLERS


@dataclass(frozen=True)
class Option:
    """One resolved option, and where its value came from: file and line, `--set`, a variable, `default`."""

    option: str
    value: Any
    origin: str


@dataclass(frozen=True)
class Plan:
    """What `trimtab run` would do."""

    read: ReadSpec
    options: tuple[Option, ...]
    estimate: Estimate
    notes: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """The object that `trimtab plan --json` prints."""
        return {
            "event": "plan",
            "file": str(self.read.file),
            "options": [asdict(option) for option in self.options],
            "estimate": self.estimate.data(),
            "notes": list(self.notes),
        }


def plan(file: Path | str = "trimtab.yaml", overrides: Sequence[str] = ()) -> Plan:
    """The plan of a spec file; loads no training library.

    Raises:
        SpecErrors: the file is wrong, every mistake at once.
    """
    read = read_and_check(Path(file), overrides)
    resolved = tuple(Option(dotted(path), value, read.place(*path)) for path, value in options(read.spec))
    return Plan(read, resolved, estimate(read), tuple(_notes(read)))


def read_and_check(file: Path, overrides: Sequence[str] = ()) -> ReadSpec:
    """The spec in `file`, its names, parameters and data files checked.

    Raises:
        SpecErrors: every mistake, those of the format and those found by the checks.
    """
    read, errors = read_partly(file, overrides)
    if read is not None:
        errors = [*errors, *mistakes(read)]
    if errors or read is None:
        raise SpecErrors(errors)
    return read


def mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Unknown names, wrong step parameters, missing or wrong data files, budgets nobody can keep."""
    spec = read.spec
    yield from data_mistakes(read)
    yield from _step_mistakes(read)
    yield from _unread_mistakes(read)
    if spec.model.families != "auto":
        yield from _family_mistakes(read, spec.model.families)
    yield from _name_mistakes(read, ("tune", "sampler"), [spec.tune.sampler], SAMPLERS)
    if spec.compress != "auto":
        yield from _name_mistakes(read, ("compress",), spec.compress, COMPRESSORS)
        yield from _order_mistakes(read, spec.compress)
        yield from _teacher_mistakes(read, spec.compress)
    if spec.budget.accuracy_drop == 0:
        place = _place(read, "budget", "accuracy_drop")
        problem = "budget.accuracy_drop is 0; no test on finitely many rows can show that nothing is lost"
        yield ConfigError(place, problem, "allow a little, such as 0.5pt")
    if spec.engine != "local" and find_spec("ray") is None:
        problem = f"engine is '{spec.engine}', and Ray is not installed"
        yield ConfigError(_place(read, "engine"), problem, "pip install 'trimtab[ray]', or set engine: local")
    if spec.serve.rest == spec.serve.grpc != 0:
        place = _place(read, "serve", "grpc")
        problem = f"serve.rest and serve.grpc are both {spec.serve.rest}"
        yield ConfigError(place, problem, "give each a port of its own; 0 takes a free one")


def _notes(read: ReadSpec) -> Iterator[str]:
    """What is no mistake, but will not go as hoped."""
    yield from _too_few_rows(read)
    stage = Home.of(read.file).features
    for at, step in enumerate(read.spec.features):
        if step.name not in READ:
            place = _place(read, "features", at)
            yield (
                f"{place}: what step '{step.name}' makes is kept in the stage's folder below {stage} for use "
                "outside; no family reads it"
            )


def _too_few_rows(read: ReadSpec) -> Iterator[str]:
    """Too few rows to show that a budget is kept."""
    data, allowed = read.spec.data, read.spec.budget.accuracy_drop
    rows = round(count_rows(rooted(read.folder, data.train)) * data.validation)
    if allowed is not None and rows and allowed < (least := least_drop(rows)):
        yield (
            f"{rows} validation rows cannot show a drop below {show_share(least)}; budget.accuracy_drop is "
            f"{show_share(allowed)}, so no candidate will keep it: give more rows, or allow more"
        )


def _step_mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Wrong names and parameters, and what each step knows to be missing in the columns that reach it."""
    known = train_columns(read)
    steps: list[tuple[str, Step]] = []
    sections = {"clean": STEPS, "augment": STEPS, "features": FEATURES}
    for section, registry in sections.items():
        for at, wanted in enumerate(getattr(read.spec, section)):
            place = _place(read, section, at)
            try:
                steps.append((place, planned(wanted, registry, section, read.spec, place)))
            except SpecErrors as several:
                known = None  # nobody knows what that step would have added
                yield from several.errors
            except ConfigError as error:
                known = None
                yield error
    for place, step in sorted(steps, key=lambda pair: not isinstance(pair[1], Copies)):  # they run first
        (there,) = located([step], read.folder)
        for fault in there.check(known):
            yield ConfigError(place, f"step '{step.name}': {fault.problem}", fault.remedy)
        known = None if known is None else there.after(known)


def _unread_mistakes(read: ReadSpec) -> Iterator[ConfigError]:
    """Without the steps that the families read there is nothing to train on; a misspelt one was told."""
    named = [step.name for step in read.spec.features]
    if all(name in FEATURES for name in named):
        for name in READ:
            if name not in named:
                problem = f"features has no step '{name}', the only one that model families read"
                remedy = f"add it: features: [{', '.join([name, *named])}]"
                yield ConfigError(_place(read, "features"), problem, remedy)


def _family_mistakes(read: ReadSpec, names: Sequence[str]) -> Iterator[ConfigError]:
    """A family may also be a local folder or a Hugging Face id, which has a slash."""
    for at, name in enumerate(names):
        if name not in FAMILIES and "/" not in name and not (read.folder / name).is_dir():
            place = _place(read, "model", "families", at)
            remedy = f"{suggestion(name, FAMILIES)}, a Hugging Face id or a local folder"
            yield ConfigError(place, f"no model family '{name}'", remedy)


def _name_mistakes(
    read: ReadSpec, path: tuple[str, ...], names: Sequence[str], registry: Registry
) -> Iterator[ConfigError]:
    for at, name in enumerate(names):
        if name not in registry:
            place = _place(read, *path, at)
            yield ConfigError(place, f"no {registry.kind} '{name}'", suggestion(name, registry))


def _order_mistakes(read: ReadSpec, names: Sequence[str]) -> Iterator[ConfigError]:
    """A compressor that starts from what another one makes comes after it."""
    for at, name in enumerate(names):
        missing = [need for need in NEEDS.get(name, ()) if need not in names[:at]]
        if missing:
            place, order = _place(read, "compress", at), ", ".join(AUTO)
            problem = f"'{name}' starts from what {' and '.join(missing)} makes"
            yield ConfigError(place, problem, f"list them before it; the whole order is {order}")


def _teacher_mistakes(read: ReadSpec, names: Sequence[str]) -> Iterator[ConfigError]:
    """Students learn from a pretrained network."""
    families = read.spec.model.families
    if families == "auto" or not set(families) <= set(SMALL):
        return
    for at, name in enumerate(names):
        if name in ("student", "cascade"):
            problem = f"'{name}' needs a pretrained teacher, and model.families names {', '.join(families)}"
            yield ConfigError(
                _place(read, "compress", at), problem, "leave it out, or add a family as minilm"
            )


def _place(read: ReadSpec, *path: str | int) -> str:
    return place_of(path, read.origins) or str(read.file)
