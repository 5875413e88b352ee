"""One method on one corpus, in a process of its own: `PYTHON duplicates_peers.py METHOD TEXTS ANSWER B R`.

TEXTS holds a document a line. ANSWER gets the pairs found, before and after verification, the seconds of
each stage and the peak memory. The peers need only their own package, so that this runs in their
environment. Each is used by the fastest of its documented calls that give pairs, with trimtab's banding (B
bands of R rows): with the bands that they choose for this threshold they would miss many of the pairs just
above it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from duplicates_corpus import LEAST, WIDTH, jaccard, shingles

Found = list[tuple[int, int]]
CHUNK = 10_000


def main() -> None:
    """Read, find, verify, write."""
    method, source, answer, bands, rows = sys.argv[1:]
    texts = Path(source).read_text(encoding="utf-8").split("\n")
    find = {"trimtab": trimtab, "datasketch": datasketch, "rensa": rensa}[method]
    find(texts[:200], int(bands), int(rows))  # imports are not what is measured
    before = peak_mb()
    started = time.perf_counter()
    found = find(texts, int(bands), int(rows))
    sketched = time.perf_counter()
    real = (
        found
        if method == "trimtab"
        else [pair for pair in found if jaccard(*(texts[at] for at in pair)) >= LEAST]
    )
    done = time.perf_counter()
    Path(answer).write_text(
        json.dumps(
            {
                "candidates": found,
                "pairs": real,
                "candidate_s": sketched - started,
                "total_s": done - started,
                "peak_mb": peak_mb(),
                "peak_mb_before": before,
            }
        )
    )


def trimtab(texts: list[str], bands: int, rows: int) -> Found:
    """The step as a user runs it: from texts to which row goes for which; verification is part of it."""
    import numpy as np
    import polars as pl

    from trimtab.core.objects import Batch
    from trimtab.data.minhash import bands_for
    from trimtab.data.near_duplicates import NearDuplicates

    assert bands_for(LEAST) == (bands, rows)
    batch = Batch(pl.DataFrame({"text": texts}), np.arange(len(texts)))
    step = NearDuplicates(similarity=LEAST, unit="words", width=WIDTH).learn(batch)
    assert step.gone is not None
    assert step.twin is not None
    return [(min(pair), max(pair)) for pair in zip(step.gone.tolist(), step.twin.tolist(), strict=True)]


def datasketch(texts: list[str], bands: int, rows: int) -> Found:
    """MinHash.bulk and MinHashLSH: each document asks for those before it."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=LEAST, num_perm=bands * rows, params=(bands, rows))
    found = []
    for start, sets in chunks(texts, lambda text: [one.encode() for one in shingles(text)]):
        for at, sketch in enumerate(MinHash.bulk(sets, num_perm=bands * rows), start):
            found += [(other, at) for other in index.query(sketch)]
            index.insert(at, sketch, check_duplication=False)
    return found


def rensa(texts: list[str], bands: int, rows: int) -> Found:
    """Digest matrices; the index flags the rows that share a band, and these alone are asked for by name."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=LEAST, num_perm=bands * rows, num_bands=bands)
    flagged: list[int] = []
    for start, sets in chunks(texts, lambda text: list(shingles(text))):
        matrix = RMinHash.digest_matrix_from_token_sets(sets, bands * rows, 42)
        flags = index.insert_matrix_and_query_duplicate_flags(matrix, start)
        flagged += [start + at for at, flag in enumerate(flags) if flag]
    sketches = RMinHash.from_token_sets([list(shingles(texts[at])) for at in flagged], bands * rows, 42)
    found = {
        (min(at, other), max(at, other))
        for at, others in zip(flagged, index.query_all(sketches), strict=True)
        for other in others
        if other != at
    }
    return sorted(found)


def chunks(texts: list[str], cut: Callable[[str], list]) -> Iterator[tuple[int, list[list]]]:
    """The shingles of the texts, some at a time: all at once would need several gigabytes."""
    for start in range(0, len(texts), CHUNK):
        yield start, [cut(text) for text in texts[start : start + CHUNK]]


def peak_mb() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
