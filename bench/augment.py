"""What does text augmentation gain at 5, 10 and 50 examples per class?

    python bench/augment.py [--quick] [--json PATH] [--only MODEL] [--data NAME] [--shots N] [--methods A,B]
                            [--seeds N] [--minutes M] [--cells PATH]

Data: Banking77 (its own test rows) and CFBenchmark's finance news in Chinese (sentiment; sector, its 8
classes of ten or more rows, at 5 per class only; no official split, so the rows that are not drawn are the
test; the repeated `instruction` is no feature). A seed draws train rows, as many validation rows (10 per
class at most), and with them the test. Models: a linear SVM over TF-IDF, a logistic regression over MiniLM's
embeddings (`minilm frozen`), trimtab's textcnn, and its minilm, fine-tuned (bench/parts/few_shot.py);
where more than 2,000 rows are drawn, these two have the families' default settings.

A method is one or more steps, each applied to the drawn train rows; their copies are put together. `repeat N`
is the control: N verbatim copies of each row, so as many training steps as a method of N copies. `best` is
the method with the best macro-F1 on the validation rows of the same seed; it is never chosen on the test.
Back-translation is apertium's, English-Spanish-English; for Chinese there is no translator on this machine.

Each result is appended to `--cells` when it is there, and not computed again: the same command goes on where
it stopped. `--minutes` ends a call early. Rows: mean over seeds with a 95 % t-interval, of the macro-F1 and
of the differences paired by seed: `gain` against no augmentation, `relative` the same in percent,
`over_control` against `repeat` of as many copies.
"""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import polars as pl

from parts.few_shot import Rows, frozen, linear, network
from parts.paired import compact, summary
from parts.projects import banking77
from parts.report import RESULTS, finish, parser
from trimtab.core.build_step import build_step
from trimtab.core.objects import Batch
from trimtab.core.spec import StepSpec
from trimtab.data import STEPS

SHARED = Path(__file__).parents[2] / "shared" / "data" / "zh_cfbenchmark"
MODELS = {
    "linear": linear,
    "minilm frozen": frozen,
    "textcnn": partial(network, "textcnn"),
    "minilm": partial(network, "minilm"),
}
DATA = {"banking77": (5, 10, 50), "zh_sentiment": (5, 10, 50), "zh_sector": (5,)}
SECTOR_ROWS = 10
APERTIUM = {
    "translator": "command",
    "options": {"command": "apertium -u {source}-{target}", "paragraphs": True},
    "source": "eng",
    "pivot": "spa",
    "cache": str(Path(gettempdir()) / "trimtab-bench-translations.sqlite"),
}
STEP = {
    "synonym": {"rate": 0.2},
    "embedding_neighbours": {"rate": 0.2},
    "random_insert": {},
    "random_delete": {},
    "random_swap": {},
    "random_edit": {},
    "spelling_noise": {},
    "back_translation": APERTIUM,
}
ENGLISH_ONLY = {"embedding_neighbours", "spelling_noise", "back_translation"}
FILTER = {"least_cosine": 0.4, "same_label": True}


def method(*names: str, copies: int = 1, **more: Any) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Steps by name, with their parameters here; back-translation has one copy to give."""
    return tuple(
        (name, {**STEP[name], **more, **({} if name == "back_translation" else {"copies": copies})})
        for name in names
    )


METHODS = {
    "none": (),
    "repeat 1": (),
    "repeat 2": (),
    "repeat 4": (),
    **{name: method(name, copies=2) for name in STEP if name != "back_translation"},
    "back_translation": method("back_translation"),
    "synonym + back_translation": method("synonym", "back_translation"),
    "spelling_noise + back_translation": method("spelling_noise", "back_translation"),
    "synonym + random_delete": method("synonym", "random_delete"),
    "four": method("synonym", "embedding_neighbours", "spelling_noise", "back_translation"),
    "four, filtered": method(
        "synonym", "embedding_neighbours", "spelling_noise", "back_translation", **FILTER
    ),
    "synonym, filtered": method("synonym", copies=2, **FILTER),
}
CONTROLS = {"none", "repeat 1", "repeat 2", "repeat 4"}


def main() -> None:
    """Compute what is missing, print, write."""
    options = parser(
        __doc__,
        only="",
        data="",
        shots=0,
        methods="",
        seeds=10,
        minutes=1e9,
        cells=str(RESULTS / "augment-cells.jsonl"),
    ).parse_args()
    if options.quick:
        options.data, options.shots, options.seeds = "banking77", 5, 3
        options.only, options.methods = "linear", "none,repeat 1,synonym"
        options.cells = str(RESULTS / "augment-cells-quick.jsonl")
        Path(options.cells).unlink(missing_ok=True)
    cells = Path(options.cells)
    done = {key(cell): cell for cell in read(cells)}
    until = time.monotonic() + 60 * options.minutes
    for cell in wanted(options):
        if time.monotonic() > until:
            break
        if key(cell) not in done:
            done[key(cell)] = found = {**cell, **measure(cell)}
            with cells.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
    rows = summary(list(done.values()), CONTROLS, control_of)
    finish("augment", options, rows, compact(done.values()), {"settings": {"filter": FILTER, "steps": STEP}})


def wanted(options: Any) -> Iterator[dict[str, Any]]:
    """Cells in the order of their use: whole seeds first, so that whatever is there is paired."""
    asked = set(filter(None, options.methods.split(",")))
    for model in [options.only] if options.only else MODELS:
        for data, shots in [(one, shots) for one in DATA for shots in DATA[one]]:
            if options.data in ("", data) and options.shots in (0, shots):
                for seed in range(options.seeds):
                    for name in METHODS:
                        if (not asked or name in asked) and speaks(name, data):
                            yield {
                                "model": model, "data": data, "shots": shots, "seed": seed, "method": name,
                            }  # fmt: skip


def speaks(name: str, data: str) -> bool:
    return data == "banking77" or not any(step in ENGLISH_ONLY for step, _ in METHODS[name])


def key(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in ("model", "data", "shots", "seed", "method"))


def read(path: Path) -> list[dict[str, Any]]:
    """The cells of earlier calls; a line that a kill cut short is computed again."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]


def measure(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Macro-F1 on validation and test rows, and what it took."""
    train, valid, test, classes = draw(cell["data"], cell["shots"], cell["seed"])
    grown, copies = augmented(train, cell["method"], cell["seed"])
    started = time.monotonic()
    model = MODELS[cell["model"]]
    on_valid, on_test = model(grown, [valid, test], classes, cell["seed"], len(train.texts))
    return {
        "valid": round(on_valid, 5),
        "test": round(on_test, 5),
        "rows": len(grown.texts),
        "copies": copies,
        "seconds": round(time.monotonic() - started, 2),
    }


def augmented(train: Rows, name: str, seed: int) -> tuple[Rows, dict[str, Any]]:
    """The train rows with their copies, and what the filter said."""
    texts, labels, told = list(train.texts), list(train.labels), {}
    if name.startswith("repeat"):
        times = int(name.split()[1])
        return Rows(train.texts * (times + 1), np.tile(train.labels, times + 1)), {"kept": len(texts) * times}
    columns = {"text": train.texts, "label": [str(label) for label in train.labels]}
    batch = Batch(pl.DataFrame(columns), np.arange(len(train.texts), dtype=np.int64))
    for step_name, parameters in METHODS[name]:
        step = build_step(StepSpec(name=step_name, parameters=parameters), STEPS, name, seed=seed)
        after, counts = step.learn(batch).grow(batch)
        texts += after["text"][len(batch) :].to_list()
        labels += [int(label) for label in after["label"][len(batch) :]]
        told[step_name] = counts
    return Rows(tuple(texts), np.array(labels, np.int64)), told


def draw(data: str, shots: int, seed: int) -> tuple[Rows, Rows, Rows, int]:
    """Train, validation and test rows, and the number of classes."""
    pool, test = source(data)
    rng = np.random.default_rng([seed, shots])
    train, valid, rest = [], [], []
    held = 2 if data == "zh_sector" else min(shots, 10)
    for label in np.unique(pool.labels):
        mixed = rng.permutation(np.flatnonzero(pool.labels == label))
        own = min(shots, len(mixed) - held)
        train += mixed[:own].tolist()
        valid += mixed[own : own + held].tolist()
        rest += mixed[own + held :].tolist()
    taken = [Rows(tuple(pool.texts[at] for at in part), pool.labels[part]) for part in (train, valid, rest)]
    return taken[0], taken[1], test or taken[2], len(np.unique(pool.labels))


@lru_cache
def source(data: str) -> tuple[Rows, Rows | None]:
    """The rows to draw from, and the test rows where the data have some."""
    if data == "banking77":
        parts = [list(csv.DictReader((banking77() / f"{part}.csv").open())) for part in ("train", "test")]
        names = sorted({row["category"] for row in parts[0]})
        pool, test = (
            Rows(tuple(row["text"] for row in part), np.array([names.index(row["category"]) for row in part]))
            for part in parts
        )
        return pool, test
    lines = (SHARED / f"{data.removeprefix('zh_')}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = list({row["input"]: row for row in map(json.loads, lines)}.values())
    counts = defaultdict(int)
    for row in rows:
        counts[row["response"]] += 1
    names = sorted(name for name, n in counts.items() if n >= SECTOR_ROWS)
    kept = [row for row in rows if row["response"] in names]
    texts = tuple(" ".join(row["input"].split()) for row in kept)
    return Rows(texts, np.array([names.index(row["response"]) for row in kept])), None


def control_of(name: str) -> str:
    """The control of as many copies: for a filtered method, of those before the filter."""
    copies = sum(parameters.get("copies", 1) for _, parameters in METHODS[name])
    return f"repeat {copies}"


if __name__ == "__main__":
    main()
