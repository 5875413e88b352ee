"""Replays real bank queries through `trimtab watch`: known intents first, then intents the model never saw.

    python bench/replay_oos.py [--quick] [--json PATH] [--bundle FOLDER] [--data FOLDER]

`known` streams hold nothing but held-back test rows of the 50 known intents, each once, in random order:
a right watcher stays silent. `held-back` streams begin with two windows of them and then mix in a share
of the 27 intents kept out of training. The bundle must have been trained on `train` of en_banking77_oos
and profiled on `valid`; without `--bundle` a small one is made on the spot (mean of MiniLM's word
embeddings, softmax layer).

Every stream is a request log on disk, read by `trimtab.loop.watch.watch` look by look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from parts.report import finish, parser
from parts.static_bundle import static_bundle
from trimtab.core.measure import entropy, wilson
from trimtab.core.requests import Request
from trimtab.core.spec import DriftSpec, WatchSpec
from trimtab.loop.watch import watch
from trimtab.runtime.predict import Predictor, load

DATA = Path(__file__).parents[2] / "shared" / "data" / "en_banking77_oos"
WINDOW, CLEAN_LOOKS = 500, 2
LEAST = (0.1, 0.05)
"""Effect sizes: the default of watch.drift.least, and half of it."""


def main() -> None:
    """Replay, print, write."""
    made = parser(__doc__, data=DATA)
    made.add_argument("--bundle", type=Path, help="replay this bundle, not a small one made on the spot")
    options = made.parse_args()
    if not options.data.is_dir():
        made.error(f"{options.data}: no such folder; give the folder of en_banking77_oos with --data")
    with TemporaryDirectory() as work:
        bundle = options.bundle or make_bundle(options.data, Path(work) / "bundle")
        replay = Replay(load(bundle), options.data, Path(work))
        rows, raw = replay.all(streams=2 if options.quick else 20, looks=4 if options.quick else 8)
    settings = {
        "window": WINDOW,
        "bundle": replay.predictor.bundle.version,
        "accuracy": replay.accuracy,
    }
    finish("replay_oos", options, rows, raw, {"settings": settings})


def make_bundle(data: Path, folder: Path) -> Path:
    """A bundle of the 50 known intents."""
    train = lines(data / "train_seq.in"), lines(data / "train_label")
    return static_bundle(folder, train, lines(data / "valid_seq.in")).folder


class Replay:
    """The texts of the data set, answered once, and streams drawn from them."""

    def __init__(self, predictor: Predictor, data: Path, work: Path) -> None:
        self.predictor, self.work = predictor, work
        self.known = self._answer(lines(data / "test_seq.in"))
        parts = ("train", "valid", "test")
        self.novel = self._answer([text for part in parts for text in lines(data / f"id-oos_{part}_seq.in")])
        truth = lines(data / "test_label")
        right = [one.label == label for one, label in zip(self.known, truth, strict=True)]
        self.accuracy = float(np.mean(right))

    def all(self, streams: int, looks: int) -> tuple[list[dict], list[dict]]:
        """One row for each kind of stream and each effect size, and what happened in every stream."""
        rng = np.random.default_rng(0)
        rows, raw = [], []
        for share in (0.0, 0.1, 0.2, 0.5):
            kind = f"held-back {share:.0%}" if share else "known"
            seen = [self.stream(rng, share, looks) for _ in range(streams)]
            for least in LEAST:
                name = f"{kind}/least={least}"
                firsts = [first_alarm(each, least) for each in seen]
                rows.append(summary(name, firsts, clean=CLEAN_LOOKS if share else 0))
                raw += [{"name": name, "first_alarm_look": first} for first in firsts]
        return rows, raw

    def stream(self, rng: np.random.Generator, share: float, looks: int) -> list[dict]:
        """The decisions of all looks at one stream, in order."""
        spec = WatchSpec(drift=DriftSpec(window=WINDOW, least=LEAST[0]), retrain="propose")
        with TemporaryDirectory(dir=self.work) as folder:
            log, state = Path(folder) / "log", Path(folder) / "state"
            log.mkdir()
            for window in self._windows(rng, share, looks):
                append(log / "replay.jsonl", window, self.predictor.bundle.version)
            watch(self.predictor.bundle.folder, log, spec, None, state)
            return [json.loads(path.read_text()) for path in sorted((state / "decisions").iterdir())]

    def _windows(self, rng: np.random.Generator, share: float, looks: int) -> Iterator[list[Request]]:
        known = self._shuffled(rng, self.known)
        novel = self._shuffled(rng, self.novel)
        total = CLEAN_LOOKS + looks if share else len(self.known) // WINDOW
        for look in range(total):
            strange = rng.random(WINDOW) < (share if look >= CLEAN_LOOKS else 0)
            yield [next(novel) if one else next(known) for one in strange]

    @staticmethod
    def _shuffled(rng: np.random.Generator, rows: list[Request]) -> Iterator[Request]:
        while True:
            for at in rng.permutation(len(rows)):
                yield rows[at]

    def _answer(self, texts: list[str]) -> list[Request]:
        found = self.predictor.output(texts).probabilities
        labels = self.predictor.bundle.labels
        return [
            Request(0.0, "", text, labels[int(row.argmax())], float(row.max()), float(unsure), 1.0)
            for text, row, unsure in zip(texts, found, entropy(found), strict=True)
        ]


def first_alarm(decisions: list[dict], least: float) -> int:
    """The first look with a significant finding of at least this effect; 0 for none."""
    for said in decisions:
        if any(
            one["p_value"] <= one["numbers"]["level"] and one["statistic"] >= least
            for one in said["findings"]
        ):
            return int(said["look"])
    return 0


def append(path: Path, window: list[Request], version: str) -> None:
    start = path.stat().st_size if path.exists() else 0
    with path.open("ab") as stream:
        for at, one in enumerate(window):
            now = Request(float(start + at), version, one.text, one.label, one.confidence, one.entropy, 1.0)
            stream.write(now.line())


def summary(name: str, firsts: list[int], clean: int) -> dict:
    """Alarms among the streams, and the requests from the first mixed one to the median alarm."""
    after = sorted((first - clean) * WINDOW for first in firsts if first > clean)
    seen = wilson(len(after), len(firsts))
    return {
        "name": name,
        "streams": len(firsts),
        "alarms": len(after),
        "early": sum(0 < first <= clean for first in firsts),
        "low": round(seen.low, 4),
        "high": round(seen.high, 4),
        "median_requests": after[len(after) // 2] if len(after) > len(firsts) / 2 else None,
    }


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
