"""Rows near the train rows, without labels: what a teacher can tell a student beyond the train rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RATE = 0.15


def variations(rows: Sequence[Sequence[int]], copies: int, seed: int) -> list[list[int]]:
    """`copies` edited versions of each row of token numbers, the first and last token (special) kept.

    A share of the tokens, one at least, is deleted, swapped, replaced or followed by another one; what comes
    in is drawn from all rows, so the teacher is asked about words in contexts that no train row has. None is
    longer than the longest row: the teacher may have positions for no more tokens.
    """
    longest = max(map(len, rows)) - 2
    words = np.array([token for row in rows for token in row[1:-1]], dtype=np.int64)
    rng = np.random.default_rng(seed)
    return [
        [row[0], *_edited(list(row[1:-1]), words, rng)[:longest], row[-1]]
        for _ in range(copies)
        for row in rows
    ]


def _edited(row: list[int], words: np.ndarray, rng: np.random.Generator) -> list[int]:
    for _ in range(max(1, round(RATE * len(row)))):
        kind, fresh = int(rng.integers(4)), int(words[rng.integers(len(words))])
        if kind == 0 and len(row) > 2:
            del row[int(rng.integers(len(row)))]
        elif kind == 1 and len(row) > 1:
            one, two = (int(at) for at in rng.integers(len(row), size=2))
            row[one], row[two] = row[two], row[one]
        elif kind == 2 and row:
            row[int(rng.integers(len(row)))] = fresh
        else:
            row.insert(int(rng.integers(len(row) + 1)), fresh)
    return row
