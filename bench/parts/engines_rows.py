"""Writes the rows of `bench/engines.py` as Parquet: the messy table of `bench/clean.py`, or short texts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from parts import messy

WORDS, LENGTH, NEAR = 50_000, 12, 0.1
"""Size of the vocabulary, words of a text, and share of texts that copy another one but for one word."""
BLOCK = 100_000


def table(path: Path, rows: int) -> None:
    """Twelve columns of numbers and words, with gaps, copies and far values."""
    with TemporaryDirectory(dir=path.parent) as folder:
        source = Path(folder) / "messy.csv"
        messy.write(source, rows)
        pl.read_csv(source, infer_schema_length=None).write_parquet(path)


def text(path: Path, rows: int, seed: int = 0) -> None:
    """Texts of words drawn by Zipf's law (exponent 1.05); one in ten is near another one."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, WORDS + 1) ** -1.05
    words = np.array([f"w{number:x}" for number in rng.permutation(WORDS)], dtype=object)
    blocks = []
    for first in range(0, rows, BLOCK):
        drawn = rng.choice(WORDS, (min(BLOCK, rows - first), LENGTH), p=weights / weights.sum())
        near = np.flatnonzero(rng.random(len(drawn)) < NEAR)
        drawn[near] = drawn[rng.integers(0, len(drawn), len(near))]
        drawn[near, -1] = rng.integers(0, WORDS, len(near))
        blocks.append(pl.Series("text", [" ".join(row) for row in words[drawn].tolist()]))
    pl.concat(blocks).to_frame().with_columns(label=pl.lit("x")).write_parquet(path)


KINDS = {"table": table, "text": text}
