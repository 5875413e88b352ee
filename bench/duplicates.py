"""How fast and how completely are near duplicates found? trimtab, datasketch and rensa, side by side.

    python bench/duplicates.py [--quick] [--json PATH] [--documents N] [--repeats N] [--peers PYTHON]

Synthetic part: `documents` texts of about 100 words, of which one in ten is an edited copy of another one
(`bench/parts/duplicates_corpus.py`). Shingles are three words in a row, case folded, for all methods; the
threshold is a Jaccard similarity of 0.8, and all use the same banding. The truth is the planted pairs:
their true similarity, computed from whole sets in plain Python, lies between 0.8 and 0.95. Recall is the
share of these found; precision the share of the found pairs whose true similarity is at least 0.8. Seconds
run from the texts in memory to the pairs and include shingling and verification; `... unverified` are the
peers' candidates before verification. Every run is a process of its own; the methods take turns, `repeats`
times, and the median is shown.

`PYTHON` names an interpreter that has datasketch and rensa; without it one is made in a temporary folder.
`--quick` measures trimtab alone unless `--peers` is given.

The real sets (`bench/parts/duplicates_real.py`) stand under `real`, where `../shared/data` has them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from parts.duplicates_corpus import LEAST, corpus, jaccard
from parts.duplicates_real import real_sets
from parts.report import finish, parser
from trimtab.data.minhash import bands_for

HERE = Path(__file__).parent
PEERS = ("datasketch", "rensa")
Pairs = set[tuple[int, int]]


def main() -> None:
    """Generate, run, compare, write."""
    options = parser(__doc__, documents=200_000, repeats=3, seed=0, peers="").parse_args()
    if options.quick:
        options.documents, options.repeats = min(options.documents, 3_000), 1
    with TemporaryDirectory() as held:
        folder = Path(held)
        texts, truth = corpus(options.documents, options.seed)
        (folder / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
        pythons = {"trimtab": sys.executable}
        if options.peers or not options.quick:
            pythons |= dict.fromkeys(PEERS, options.peers or environment(folder / "peers"))
        runs = [
            {"name": name, "repeat": repeat, **run(name, python, folder)}
            for repeat in range(options.repeats)
            for name, python in pythons.items()
        ]
    rows = [row for name in pythons for row in summary(name, runs, texts, truth)]
    raw = [{key: value for key, value in one.items() if key not in ("pairs", "candidates")} for one in runs]
    settings = {"documents": options.documents, "planted": len(truth), "similarity": LEAST}
    settings |= {"bands_rows": bands_for(LEAST), "repeats": options.repeats, "seed": options.seed}
    more = {"settings": settings, "ratios": ratios(runs), "real": real_sets(options.quick)}
    finish("duplicates", options, rows, raw, more)


def environment(folder: Path) -> str:
    """A fresh interpreter with the peers."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return str(python)


def run(name: str, python: str, folder: Path) -> dict[str, Any]:
    """One method on the texts, in a process of its own."""
    answer = folder / "answer.json"
    numbers = [str(number) for number in bands_for(LEAST)]
    command = [python, HERE / "parts" / "duplicates_peers.py", name, folder / "texts.txt", answer, *numbers]
    subprocess.run(command, check=True)
    return json.loads(answer.read_text())


def summary(name: str, runs: Sequence[dict], texts: list[str], truth: dict) -> list[dict[str, Any]]:
    """The row of a method, and of a peer without verification."""
    own = [one for one in runs if one["name"] == name]
    kinds = [("", "pairs", "total_s")]
    kinds += [(" unverified", "candidates", "candidate_s")] if name in PEERS else []
    rows = []
    for suffix, pairs, seconds in kinds:
        speeds = sorted(len(texts) / one[seconds] for one in own)
        found = {tuple(pair) for pair in own[0][pairs]}
        recall, precision = quality(found, texts, truth)
        rows.append(
            {
                "name": name + suffix,
                "docs_per_s": round(median(speeds)),
                "low": round(speeds[0]),
                "high": round(speeds[-1]),
                "recall": round(recall, 5),
                "precision": round(precision, 5),
                "peak_mb": round(max(one["peak_mb"] for one in own)),
            }
        )
    return rows


def quality(found: Pairs, texts: list[str], truth: dict) -> tuple[float, float]:
    """Recall of the planted pairs, and precision by the true similarity of what was found."""
    right = sum(pair in truth or jaccard(texts[pair[0]], texts[pair[1]]) >= LEAST for pair in found)
    return len(found & truth.keys()) / len(truth), right / max(1, len(found))


def ratios(runs: Sequence[dict]) -> dict[str, dict[str, float]]:
    """How many times faster trimtab is than each peer, verification included: over the repeats."""
    ours = {one["repeat"]: one["total_s"] for one in runs if one["name"] == "trimtab"}
    found = {}
    for peer in sorted({one["name"] for one in runs} - {"trimtab"}):
        times = [one["total_s"] / ours[one["repeat"]] for one in runs if one["name"] == peer]
        found[peer] = {
            name: round(of(times), 2) for name, of in (("median", median), ("low", min), ("high", max))
        }
    return found


if __name__ == "__main__":
    main()
