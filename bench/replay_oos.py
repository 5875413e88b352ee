"""Replays real bank queries: is `trimtab watch` silent over known intents, and does it see new ones?

    python bench/replay_oos.py [--quick] [--json PATH] [--bundle FOLDER] [--data FOLDER] [--only PART]

`stream/*`: each stream is a fresh draw of the whole experiment. The texts of Banking77's 50 known intents are
dealt anew into train rows, reference rows and traffic, no text twice; a small bundle (mean of MiniLM's word
embeddings, softmax layer) is trained and profiled on the first two; of the traffic each text is asked once.
After `CLEAN` requests a share of the 27 held-back intents is mixed in. Streams share texts with one another
(`settings` says how many texts there are and how many a stream uses), so the intervals speak of new draws
from these texts; of other traffic they are too narrow.

`served/*`: a bundle trained on the data set's own train part and profiled on its valid part (or `--bundle`)
is served by `trimtab serve`; its test texts, none of which it has seen, are sent over HTTP at a fixed rate,
each once; then `trimtab watch` reads the log that the server wrote. All three are processes of their own.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from parts.replay_served import Texts, served
from parts.report import finish, parser
from parts.static_bundle import static_bundle
from trimtab.core.measure import entropy, wilson
from trimtab.core.objects import Finding
from trimtab.monitor.drift import SPANS, look_at
from trimtab.monitor.profile import Profile, Traits, lengths
from trimtab.runtime.predict import load

DATA = Path(__file__).parents[2] / "shared" / "data" / "en_banking77_oos"
TRAIN, REFERENCE, CLEAN, MIXED = 3000, 1000, 1000, 4000
"""Texts of each stream: to train on, to profile, and traffic before and after the drift begins."""
SHARES, WINDOWS = (0.0, 0.05, 0.1, 0.2, 0.5), (250, 500, 1000)
ALPHA, LEAST = 0.05, (0.1, 0.05)
"""Effect sizes: the default of watch.drift.least, and half of it."""


def main() -> None:
    """Replay, print, write."""
    made = parser(__doc__, data=DATA)
    made.add_argument("--bundle", type=Path, help="serve this bundle, not a small one made on the spot")
    made.add_argument("--only", choices=("stream", "served"), help="replay one part")
    options = made.parse_args()
    if not options.data.is_dir():
        made.error(f"{options.data}: no such folder; give the folder of en_banking77_oos with --data")
    texts = Texts.read(options.data)
    rows: list[dict] = []
    raw: list[dict] = []
    with TemporaryDirectory() as work:
        if options.only != "served":
            found, raw = streams(texts, draws=2 if options.quick else 40)
            rows += found
        if options.only != "stream":
            rows += served(texts, options.bundle, Path(work), shares=(0.0, 0.2) if options.quick else SHARES)
    settings = {
        "known_texts": len(texts.known),
        "held_back_texts": len(texts.novel),
        "texts_a_stream": {"train": TRAIN, "reference": REFERENCE, "traffic": CLEAN + MIXED},
        "alpha": ALPHA,
    }
    finish("replay_oos", options, rows, raw, {"settings": settings})


def streams(texts: Texts, draws: int) -> tuple[list[dict], list[dict]]:
    """One row for each share, window and effect size, and what happened in every stream."""
    raw = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        with TemporaryDirectory() as work:
            profile, known, novel = deal(texts, Path(work) / "bundle", rng)
        for share in SHARES:
            mixed = mix(known, novel, share, rng)
            for window in WINDOWS:
                seen = looks(profile, mixed, window)
                for least in LEAST:
                    clean, first = CLEAN if share else 0, first_alarm(seen, window, least)
                    of = {"name": f"stream/{share:.0%}", "window": window, "least": least}
                    raw.append({**of, "draw": draw, "clean": clean, "first_alarm": first})
    kinds = dict.fromkeys((one["name"], one["window"], one["least"]) for one in raw)
    alike = [[one for one in raw if (one["name"], one["window"], one["least"]) == kind] for kind in kinds]
    return [summary(each) for each in alike], raw


def deal(texts: Texts, folder: Path, rng: np.random.Generator) -> tuple[Profile, Traits, Traits]:
    """A bundle's profile, and the traits of the traffic: known texts, held-back texts, in random order."""
    order = rng.permutation(len(texts.known)).tolist()
    known = [texts.known[at] for at in order]
    labels = [texts.labels[at] for at in order]
    novel = [texts.novel[at] for at in rng.permutation(len(texts.novel)).tolist()]
    bundle = static_bundle(folder, (known[:TRAIN], labels[:TRAIN]), known[TRAIN : TRAIN + REFERENCE])
    profile = Profile.of(str(folder), bundle.profile())
    predictor = load(bundle.folder)
    traffic = known[TRAIN + REFERENCE :]
    answer = predictor.output([*traffic, *novel], embed=True)
    assert answer.embedding is not None
    traits = Traits(
        profile.nearest(answer.embedding),
        entropy(answer.probabilities),
        lengths([*traffic, *novel]),
        answer.probabilities.argmax(axis=1),
    )
    return profile, traits.take(slice(0, len(traffic))), traits.take(slice(len(traffic), None))


def mix(known: Traits, novel: Traits, share: float, rng: np.random.Generator) -> Traits:
    """The traffic of a stream: `CLEAN` known requests, then `MIXED` of which about `share` are held back."""
    strange = np.r_[np.zeros(CLEAN, bool), rng.random(MIXED) < share]
    place = np.where(strange, len(known) + np.cumsum(strange) - 1, np.cumsum(~strange) - 1)
    return Traits.join([known, novel]).take(place)


def looks(profile: Profile, traffic: Traits, window: int) -> list[list[Finding]]:
    """The findings of each look at the traffic."""
    parts = [traffic.take(slice(at, at + window)) for at in range(0, len(traffic) - window + 1, window)]
    return [
        look_at(profile, parts[max(0, number - max(SPANS)) : number], number, ALPHA, LEAST[0])
        for number in range(1, len(parts) + 1)
    ]


def first_alarm(seen: list[list[Finding]], window: int, least: float) -> int:
    """Requests until the first significant finding of at least this effect; 0 for none."""
    for number, findings in enumerate(seen, start=1):
        if any(one.p_value <= one.numbers["level"] and one.statistic >= least for one in findings):
            return number * window
    return 0


def summary(raw: list[dict[str, Any]]) -> dict[str, Any]:
    """Streams alarmed by the drift among those not alarmed before it, with Wilson's interval.

    `median_requests` counts from the first mixed request to the alarm.
    """
    firsts = [one["first_alarm"] - one["clean"] for one in raw]
    early = sum(one["clean"] > 0 and 0 < one["first_alarm"] <= one["clean"] for one in raw)
    after = sorted(first for first in firsts if first > 0)
    seen = wilson(len(after), len(firsts) - early)
    return {
        **{name: raw[0][name] for name in ("name", "window", "least")},
        "streams": len(firsts),
        "early": early,
        "alarms": len(after),
        "rate": round(seen.value, 4),
        "low": round(seen.low, 4),
        "high": round(seen.high, 4),
        "median_requests": after[len(after) // 2] if len(after) > len(firsts) / 2 else None,
    }


if __name__ == "__main__":
    main()
