"""Which of very many 64-bit hashes occur more than once: on disk, one share of them in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SHARES = 16


class Repeats:
    """Hashes go to one file of `SHARES` by their last bits, so that equal ones meet in one file."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / f"hashes-{share}" for share in range(SHARES)]

    def add(self, hashes: np.ndarray) -> None:
        """Take in hashes (rows,) uint64."""
        shares = (hashes % SHARES).astype(np.uint8)
        ordered = hashes[np.argsort(shares, kind="stable")]
        cuts = np.cumsum(np.bincount(shares, minlength=SHARES))[:-1]
        for path, share in zip(self.paths, np.split(ordered, cuts), strict=True):
            with path.open("ab") as stream:
                share.tofile(stream)

    def found(self) -> np.ndarray:
        """The hashes that came more than once, each once; the files are gone afterwards."""
        found = [np.empty(0, np.uint64)]
        for path in self.paths:
            if path.exists():
                ordered = np.sort(np.fromfile(path, np.uint64))
                found.append(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
                path.unlink()
        return np.concatenate(found)
