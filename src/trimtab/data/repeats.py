"""Which of very many rows share a 64-bit key with another one: on disk, one share of the keys in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from trimtab.data.ahead import ahead

SHARES = 16


class Repeats:
    """Pairs of key and row go to one of `SHARES` files by the last bits of the key: equals meet in one."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / f"keys-{share}" for share in range(SHARES)]

    def add(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """Take in keys (keys,) uint64 and the rows (keys,) int64 that hold them."""
        shares = (keys % SHARES).astype(np.uint8)
        order = np.argsort(shares, kind="stable")
        cuts = np.cumsum(np.bincount(shares, minlength=SHARES))[:-1]
        pairs = np.empty((len(keys), 2), np.uint64)
        pairs[:, 0], pairs[:, 1] = keys.take(order), rows.view(np.uint64).take(order)
        for path, share in zip(self.paths, np.split(pairs, cuts), strict=True):
            with path.open("ab") as stream:
                share.tofile(stream)

    def found(self) -> np.ndarray:
        """The rows whose key came more than once, sorted; the files are gone afterwards."""
        there = [path for path in self.paths if path.exists()]
        return np.unique(np.concatenate([np.empty(0, np.int64), *ahead(_found, there)]))


def _found(path: Path) -> np.ndarray:
    keys, rows = np.fromfile(path, np.uint64).reshape(-1, 2).T
    path.unlink()
    return rows[pl.Series(keys).is_duplicated().to_numpy()].view(np.int64)
