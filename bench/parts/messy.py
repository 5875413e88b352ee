"""Writes a messy table of any size: numbers, categories, gaps, copies and far values, alike for a seed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

BLOCK = 250_000
COPIES = 0.03
"""Share of rows that repeat a row of this block or the one before."""

CITIES = (
    "Bern",
    "Basel, Stadt",
    "Zürich",
    "上海",
    "北京",
    "Paris",
    "Lyon",
    "Berlin",
    "Köln",
    "Porto",
    "Oslo",
)
CHANNELS = ("web", "app", "phone", "branch office", "partner", "mail")


def write(path: Path, rows: int, seed: int = 0) -> None:
    """Write `rows` rows of 12 columns as CSV, about 97 bytes each."""
    rng = np.random.default_rng(seed)
    before = None
    with path.open("wb") as stream:
        for start in range(0, rows, BLOCK):
            block = _block(rng, min(BLOCK, rows - start))
            source = block if before is None else before
            block = _with_copies(rng, block, source)
            block.write_csv(stream, include_header=before is None)
            before = block


def _with_copies(rng: np.random.Generator, block: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    rows = block.height
    fresh = block[np.flatnonzero(rng.random(rows) >= COPIES)]
    copies = source[rng.integers(0, source.height, rows - fresh.height)]
    return pl.concat([fresh, copies])[rng.permutation(rows)]


def _block(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    def gaps(values: object, share: float) -> pl.Series:
        return pl.Series(values).scatter(np.flatnonzero(rng.random(rows) < share), None)

    def far(values: np.ndarray, share: float) -> np.ndarray:
        return np.where(rng.random(rows) < share, values * 25, values)

    return pl.DataFrame(
        {
            "age": gaps(rng.integers(18, 95, rows), 0.05),
            "visits": gaps(far(rng.poisson(6, rows), 0.004), 0.03),
            "income": gaps(far(rng.normal(52_000, 9_000, rows), 0.005).round(2), 0.08),
            "balance": gaps(far(rng.normal(1_500, 400, rows), 0.005).round(4), 0.04),
            "score": gaps(rng.normal(0, 1, rows).round(6), 0.06),
            "height": gaps(rng.normal(171, 9, rows).round(1), 0.02),
            "load": gaps(far(rng.gamma(9, 2, rows), 0.003).round(6), 0.05),
            "rate": gaps(rng.beta(4, 4, rows).round(6), 0.05),
            "city": gaps(rng.choice(CITIES, rows), 0.05),
            "plan": gaps(rng.choice(["free", "basic", "plus", "team"], rows), 0.02),
            "channel": gaps(rng.choice(CHANNELS, rows), 0.10),
            "customer": pl.Series("customer-" + pl.Series(rng.integers(0, 200_000, rows)).cast(pl.String)),
        }
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
