"""Finds similar texts among many: MinHash with banding, then the Jaccard similarity of each candidate.

Broder (1997), On the resemblance and containment of documents; bands as in Leskovec, Rajaraman and
Ullman, Mining of Massive Datasets, 3.4. A text is its set of shingles, each held as a 64-bit hash, so
the verification is exact but for hash collisions (chance below 1e-6 among 10 million shingles).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil, log, log1p
from typing import Literal
from zlib import crc32

import numpy as np

from trimtab.data.terms import normal, words

Unit = Literal["characters", "words"]

MISS = 0.002
"""Share of the pairs exactly at the threshold that banding may miss; of pairs above it, fewer."""
_HASHES = 128
_PAIRS = 1 << 15
_SEED = 20260101


@dataclass(frozen=True)
class Shingles:
    """Sets of shingle hashes: set `i` is `hashes[starts[i]:starts[i + 1]]`, sorted, without repeats."""

    starts: np.ndarray
    hashes: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        """Shingles of each set (sets,)."""
        return np.diff(self.starts)

    def __add__(self, other: Shingles) -> Shingles:
        starts = np.concatenate((self.starts, other.starts[1:] + self.starts[-1]))
        return Shingles(starts, np.concatenate((self.hashes, other.hashes)))

    def take(self, rows: np.ndarray) -> Shingles:
        """The sets at `rows`."""
        owner, hashes = _gather(self, rows)
        return Shingles(np.searchsorted(owner, np.arange(len(rows) + 1)), hashes)


@dataclass(frozen=True)
class Pairs:
    """Similar sets: numbers `left` < `right` and their Jaccard similarity, each (pairs,).

    Sorted by `right`, then `left`.
    """

    left: np.ndarray
    right: np.ndarray
    likeness: np.ndarray


def shingles(texts: Sequence[str | None], unit: Unit = "characters", width: int = 3) -> Shingles:
    """The shingles of each text: `width` characters or words in a row, case and white space folded.

    A shorter text is one shingle; a missing or empty one has none.
    """
    codes = [_codes(normal(text or ""), unit) for text in texts]
    sizes = np.array([len(code) for code in codes], dtype=np.int64)
    windows = np.where(sizes == 0, 0, np.maximum(sizes - width + 1, 1))
    owner = np.repeat(np.arange(len(codes)), windows)
    first = np.concatenate(([0], np.cumsum(sizes)[:-1])) if len(sizes) else sizes
    flat = np.concatenate([*codes, np.zeros(width, np.uint64)])
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(windows) - windows, windows)
    at = first[owner] + nth
    total = np.zeros(len(owner), np.uint64)
    for step in range(width):
        inside = nth + step < sizes[owner]
        total = _mix(total ^ np.where(inside, flat[at + step] + np.uint64(1), np.uint64(0)))
    order = np.lexsort((total, owner))
    owner, total = owner[order], total[order]
    fresh = np.ones(len(owner), bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (total[1:] != total[:-1])
    return Shingles(np.searchsorted(owner[fresh], np.arange(len(codes) + 1)), total[fresh])


def bands_for(similarity: float) -> tuple[int, int]:
    """Bands and rows a band: the strictest banding of at most 128 hashes that misses at most `MISS`.

    A pair of similarity s is a candidate with chance 1 - (1 - s**rows)**bands.

    >>> bands_for(0.9)
    (13, 9)
    """
    best = (1, 1)
    for rows in range(1, 33):
        chance = similarity**rows
        bands = 1 if chance >= 1 else ceil(log(MISS) / log1p(-chance))
        if rows == 1 or bands * rows <= _HASHES:
            best = (bands, rows)
    return best


def similar(sets: Shingles, similarity: float) -> Pairs:
    """Pairs of sets with a Jaccard similarity of at least `similarity`; an empty set is like none.

    Of equal sets each is paired with the first alone; other pairs are between first ones. (A page copied
    a thousand times would else make half a million pairs.)
    """
    filled = np.flatnonzero(sets.sizes > 0)
    chosen = sets.take(filled)
    if len(chosen) == 0:
        return Pairs(filled, filled, np.zeros(0))
    total = np.add.reduceat(_mix(chosen.hashes), chosen.starts[:-1])
    _, first, group = np.unique(total, return_index=True, return_inverse=True)
    ones = np.sort(first)
    left, right = _candidates(chosen.take(ones), similarity)
    copies = np.flatnonzero(first[group] != np.arange(len(chosen)))
    left = np.concatenate((ones[left], first[group][copies]))
    right = np.concatenate((ones[right], copies))
    likeness = jaccard(chosen, left, right)
    real = np.flatnonzero(likeness >= similarity - 1e-12)
    order = real[np.lexsort((left[real], right[real]))]
    return Pairs(filled[left[order]], filled[right[order]], likeness[order])


def band_keys(sets: Shingles, similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Set numbers and keys, each (sets * bands,): two sets are candidates where they share a key."""
    filled = np.flatnonzero(sets.sizes > 0)
    if len(filled) == 0:
        return filled, np.zeros(0, np.uint64)
    keys = [_mix(key ^ np.uint64(band)) for band, key in enumerate(_bands(sets.take(filled), similarity))]
    return np.tile(filled, len(keys)), np.concatenate(keys)


def jaccard(sets: Shingles, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The Jaccard similarity (pairs,) of the sets numbered `left` and `right`."""
    shared = [np.zeros(0, np.int64)]
    for start in range(0, len(left), _PAIRS):
        piece = slice(start, start + _PAIRS)
        owner, hashes = _gather(sets, left[piece])
        other, more = _gather(sets, right[piece])
        owner, hashes = np.concatenate((owner, other)), np.concatenate((hashes, more))
        order = np.lexsort((hashes, owner))
        owner, hashes = owner[order], hashes[order]
        twice = (owner[1:] == owner[:-1]) & (hashes[1:] == hashes[:-1])
        shared.append(np.bincount(owner[1:][twice], minlength=len(left[piece])))
    common = np.concatenate(shared)
    either = sets.sizes[left] + sets.sizes[right] - common
    return np.asarray(common / np.maximum(either, 1))


def _codes(text: str, unit: Unit) -> np.ndarray:
    if unit == "characters":
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    return np.array([crc32(word.encode()) for word in words(text)], np.uint64)


def _candidates(sets: Shingles, similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of sets that agree in all hashes of a band, each pair once."""
    found = [np.zeros(0, np.int64)]
    for keys in _bands(sets, similarity):
        left, right = _equal(keys)
        found.append(left * len(sets) + right)
    pairs = np.unique(np.concatenate(found))
    return pairs // max(len(sets), 1), pairs % max(len(sets), 1)


def _bands(sets: Shingles, similarity: float) -> Iterator[np.ndarray]:
    """Band by band, one key (sets,) for each set; no set may be empty."""
    bands, rows = bands_for(similarity)
    rng = np.random.default_rng(_SEED)
    for _ in range(bands):
        keys = [_least(sets, *salts) for salts in rng.integers(0, 2**63, (rows, 2), dtype=np.uint64)]
        yield reduce(lambda key, low: _mix(key ^ low), keys)


def _least(sets: Shingles, salt: np.uint64, factor: np.uint64) -> np.ndarray:
    """The least hash of each set in an order of all hashes that salt and factor choose.

    The shingles are well mixed already, so one multiplication by an odd number is enough.
    """
    return np.asarray(np.minimum.reduceat((sets.hashes ^ salt) * (factor | np.uint64(1)), sets.starts[:-1]))


def _equal(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of places with equal keys, the smaller place left."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at = np.arange(len(keys))
    step = 1
    while len(at):
        at = at[at + step < len(keys)]
        at = at[ordered[at] == ordered[at + step]]
        left.append(order[at])
        right.append(order[at + step])
        step += 1
    return np.concatenate(left), np.concatenate(right)


def _gather(sets: Shingles, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each shingle of the sets at `rows`: which of `rows` it belongs to, and its hash."""
    sizes = sets.sizes[rows]
    owner = np.repeat(np.arange(len(rows)), sizes)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return owner, sets.hashes[sets.starts[rows][owner] + nth]


def _mix(value: np.ndarray) -> np.ndarray:
    """A well-mixing bijection of 64-bit numbers (splitmix64; Steele, Lea and Flood, 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
