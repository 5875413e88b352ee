"""The stages that learn: rows, features, the teacher."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trimtab.core.errors import ConfigError, suggestion
from trimtab.core.measure import wilson
from trimtab.core.objects import Splits, Trained
from trimtab.core.spec import FitSpec, Spec
from trimtab.core.splits import load_splits, save_splits
from trimtab.core.step import Step
from trimtab.core.store import Stage, file_hash, folder_hash, value_hash
from trimtab.data import STEPS
from trimtab.data.prepare import Place, located, plan_steps, planned, prepare
from trimtab.data.sources import rooted
from trimtab.features import FEATURES, READ
from trimtab.features.feature import Feature, feature_names
from trimtab.features.tokens import Tokens
from trimtab.loop.inputs import fingerprint
from trimtab.loop.stages import Workshop
from trimtab.models import FAMILIES
from trimtab.models.batches import Examples, one_hot
from trimtab.models.family import Family, Settings, save_network
from trimtab.models.fit import Tell, fit
from trimtab.models.pretrained import Pretrained
from trimtab.models.vocabulary import Start
from trimtab.tune.sampler import Space, Trial
from trimtab.tune.search import best, search

AUTO_FAMILIES = ("minilm",)


@dataclass(frozen=True)
class Learnt:
    """The teacher, its stage, and every setting that was tried on the way to it."""

    trained: Trained
    stage: Stage
    trials: Mapping[str, tuple[Trial, ...]]
    seconds: float


def check_lengths(shop: Workshop, place: Place) -> None:
    """Make sure that every pretrained family has positions for the tokens that the spec lets a text have.

    Raises:
        ConfigError: one has fewer.
    """
    families = [open_family(name, shop.spec, shop.folder) for name in family_names(shop.spec)]
    longest = {each.source: each.longest() for each in families if isinstance(each, Pretrained)}
    for number, wanted in enumerate(shop.spec.features):
        length = wanted.parameters.get("max_length", Tokens.max_length) if wanted.name == "tokens" else 0
        for source, most in longest.items():
            if most is not None and length > most:
                raise ConfigError(
                    place("features", number),
                    f"tokens.max_length is {length}, and '{source}' has positions for {most} tokens",
                    f"set it to {most} or less",
                )


def data_files(shop: Workshop, place: Place) -> dict[str, Any]:
    """Hashes of the files that the data stage reads, by what names them; see `_step_files`."""
    spec = shop.spec
    files: dict[str, Any] = {
        name: fingerprint(rooted(shop.folder, path), spec.data) for name, path in _files(spec.data).items()
    }
    return files | _step_files(located(chain.from_iterable(plan_steps(spec, place)), shop.folder))


def data_stage(shop: Workshop, files: Mapping[str, Any], place: Place) -> tuple[Stage, Splits]:
    """Read, clean and split the rows of `files` (as `data_files` hashed them)."""
    spec = shop.spec
    inputs = {
        "files": files,
        "seed": spec.seed,
        **spec.model_dump(mode="json", include={"data", "clean", "augment"}),
    }
    stage = shop.stage("data", inputs, lambda folder: save_splits(prepare(spec, shop.folder, place), folder))
    return stage, load_splits(stage.folder, STEPS)


def feature_stage(shop: Workshop, data: Stage, rows: Splits, place: Place) -> tuple[Stage, Splits]:
    """Learn the feature steps from the train rows and apply them to every split."""
    tokenizer = _encoder(shop.spec, shop.folder).tokenizer()
    steps = located(_feature_steps(shop.spec, tokenizer, place), shop.folder)
    inputs = {
        "data": data.hash,
        "files": _step_files(steps),
        "tokenizer": value_hash(tokenizer),
        "seed": shop.spec.seed,
        **shop.spec.model_dump(mode="json", include={"features"}),
    }

    def make(folder: Path) -> None:
        made, told = rows, []
        for wanted in steps:
            step = wanted.learn(made.train)
            told.append({"step": step.name, "read": step.name in READ, **_facts(step, made.steps)})
            made = replace(
                made,
                train=step.on_train(made.train),
                valid=step(made.valid),
                test=None if made.test is None else step(made.test),
                steps=(*made.steps, step),
            )
        save_splits(replace(made, facts={**made.facts, "features": told}), folder)

    stage = shop.stage("features", inputs, make)
    return stage, load_splits(stage.folder, STEPS, FEATURES)


def _feature_steps(spec: Spec, tokenizer: str, place: Place) -> Iterator[Step]:
    """The feature steps that the spec names, not yet learned."""
    for number, wanted in enumerate(spec.features):
        step = planned(wanted, FEATURES, "features", spec, place("features", number))
        yield replace(step, tokenizer=tokenizer) if isinstance(step, Tokens) else step


def _facts(step: Step, earlier: Sequence[Step]) -> dict[str, Any]:
    """What a learned feature step tells, its features by the names that the steps before it gave them."""
    return step.facts(feature_names(earlier)) if isinstance(step, Feature) else step.facts()


def _step_files(steps: Iterable[Step]) -> dict[str, str | None]:
    """Hashes of the files and folders that steps read, by `PLACE.STEP.PARAMETER`; None where none is."""
    named = [
        (f"{at}.{step.name}.{name}", getattr(step, name))
        for at, step in enumerate(steps)
        for name in (*step.reads, *step.models)
    ]
    return {key: _content_hash(Path(path)) for key, path in named if path}


def _content_hash(path: Path) -> str | None:
    if path.is_dir():
        return folder_hash(path)
    return file_hash(path) if path.is_file() else None


def train_stage(shop: Workshop, features: Stage, rows: Splits) -> Learnt:
    """Search settings for every family; the best on the validation rows is the teacher."""
    trials: dict[str, tuple[Trial, ...]] = {}
    found: dict[str, tuple[Stage, Trial]] = {}
    for name in family_names(shop.spec):
        made: dict[int, Stage] = {}
        family = open_family(name, shop.spec, shop.folder, rows)

        def score(
            parameters: Mapping[str, Any], family: Family = family, made: dict[int, Stage] = made
        ) -> Any:
            stage = _fit_stage(shop, features, rows, family, parameters)
            made[len(made)] = stage
            return Trained.load(stage.folder).score, stage.seconds

        tune, space = shop.spec.tune, _left_open(family, shop.spec.model.fit)
        tried = search(score, space, tune.sampler, tune.trials, tune.time, shop.spec.seed, _teller(shop))
        trials[name] = tuple(tried)
        winner = best(tried)
        found[name] = (made[winner.number], winner)
    stage, _ = max(found.values(), key=lambda pair: pair[1].score)
    seconds = sum(trial.seconds for tried in trials.values() for trial in tried)
    return Learnt(Trained.load(stage.folder), stage, trials, seconds)


def examples(rows: Splits, part: str, smoothing: float = 0.0) -> Examples:
    """A split as the training loop takes it."""
    truth = rows.targets(part)
    tokens = rows.parts()[part]["tokens"].to_list()
    return Examples(tokens, one_hot(truth, len(rows.labels), smoothing), truth)


def family_names(spec: Any) -> tuple[str, ...]:
    """The families that the spec asks for."""
    return AUTO_FAMILIES if spec.model.families == "auto" else tuple(spec.model.families)


def open_family(name: str, spec: Any, folder: Path, rows: Splits | None = None) -> Family:
    """A family by its registered name, a Hugging Face id or a folder; small ones know the words of `rows`."""
    if name not in FAMILIES:
        local = folder / name
        if local.is_dir() or "/" in name:
            return Pretrained(local if local.is_dir() else name)
        raise ConfigError("model.families", f"no model family '{name}'", suggestion(name, FAMILIES))
    kind: type[Family] = FAMILIES.load(name)
    if issubclass(kind, Pretrained) or rows is None:
        return kind()
    start = Start.of(_encoder(spec, folder).words(), rows.train["tokens"].to_list())
    return kind(start=start)  # type: ignore[call-arg]


def _left_open(family: Family, fit: FitSpec) -> Space:
    """What the search may vary of a family: what the spec states stays as it is stated."""
    return {name: bounds for name, bounds in family.space.items() if getattr(fit, name, None) is None}


def _encoder(spec: Any, folder: Path) -> Pretrained:
    """The pretrained encoder whose tokenizer and word embeddings every family shares."""
    for name in family_names(spec):
        if name not in FAMILIES or issubclass(FAMILIES.load(name), Pretrained):
            family = open_family(name, spec, folder)
            if isinstance(family, Pretrained):
                return family
    return Pretrained()


def _fit_stage(
    shop: Workshop, features: Stage, rows: Splits, family: Family, parameters: Mapping[str, Any]
) -> Stage:
    settings = family.defaults.override(shop.spec.model.fit).override(parameters)
    encoder = family if isinstance(family, Pretrained) else _encoder(shop.spec, shop.folder)
    inputs = {
        "features": features.hash,
        "family": family.name,
        "settings": asdict(settings),
        "seed": shop.spec.seed,
        "encoder": encoder.weights_hash(),
    }

    def make(folder: Path) -> float:
        return fit_family(family, settings, rows, folder, shop.spec.seed, shop.progress("train"))

    return shop.stage("train", inputs, make)


def fit_family(
    family: Family, settings: Settings, rows: Splits, folder: Path, seed: int, tell: Tell
) -> float:
    """Train one network and write it to `folder`; returns the seconds it took."""
    classes = len(rows.labels)
    blueprint = family.blueprint(classes, settings.dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = family.build(blueprint, fresh=True)
    train, valid = examples(rows, "train", settings.label_smoothing), examples(rows, "valid")
    done = fit(network, train, valid, settings, seed, folder / "checkpoint", tell)
    save_network(network, blueprint, folder)
    bounds = wilson(int(np.rint(done.score * len(valid))), len(valid))
    Trained(folder, family.name, rows.labels, done.score, bounds.low, bounds.high, done.history).save()
    return done.seconds


def _teller(shop: Workshop) -> Any:
    def tell(trial: Trial) -> None:
        shop.tell(
            {
                "event": "trial_done",
                "number": trial.number,
                "parameters": dict(trial.parameters),
                "score": round(trial.score, 5),
                "seconds": round(trial.seconds, 1),
            }
        )

    return tell


def _files(data: Any) -> dict[str, str]:
    return {name: path for name, path in (("train", data.train), ("test", data.test)) if path is not None}
