"""Finds similar texts among many: MinHash with banding, then the Jaccard similarity of each candidate.

Broder (1997), On the resemblance and containment of documents; bands as in Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, 3.4. One-permutation hashing would need fewer passes over the shingles, but each
of them a sort: in NumPy that was slower than 126 plain passes in the processor's cache.
"""

from __future__ import annotations

from math import ceil, log, log1p

import numpy as np

from trimtab.data.pairs import Pairs, distinct, equal, first_equal, firsts, pairs_above
from trimtab.data.shingles import BLOCK_SETS, HASH_BITS, Shingles, on_all_cores
from trimtab.data.splitmix import mix

MISS = 0.002
"""Share of the pairs exactly at the threshold that banding may miss; of pairs above it, fewer."""
_HASHES = 128
_BLOCK_HASHES = 1 << 16
_SEED = 20260101


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
    """Pairs of sets with a Jaccard similarity of at least `similarity`; an empty set is like none."""
    keys, total = sketches(sets, similarity)
    same = _same(sets, total)
    ones = firsts(same, sets.sizes > 0)
    found = [(ones[left], ones[right]) for left, right in on_all_cores(lambda key: equal(key[ones]), keys)]
    return _verified(sets, found, similarity, same)


def similar_by_key(sets: Shingles, similarity: float, rows: np.ndarray, keys: np.ndarray) -> Pairs:
    """Those of the pairs of `similar` that share one of the `keys` of the sets numbered `rows`, each (keys,).

    The keys are some of those that `band_keys` gives: all that these sets have in one share of the keys.
    """
    same = _same(sets, _totals(sets))
    first = same[rows] == rows
    rows, keys = rows[first], keys[first]
    left, right = equal(keys)
    left, right = rows[left], rows[right]
    return _verified(sets, [(np.minimum(left, right), np.maximum(left, right))], similarity, same)


def _same(sets: Shingles, total: np.ndarray) -> np.ndarray:
    """The first set (sets,) that equals each; an empty one is like none."""
    filled = np.flatnonzero(sets.sizes > 0)
    same = np.arange(len(sets))
    same[filled] = filled[first_equal(total[filled])]
    return same


def _verified(
    sets: Shingles, found: list[tuple[np.ndarray, np.ndarray]], similarity: float, same: np.ndarray
) -> Pairs:
    left, right = distinct(found, len(sets))
    return pairs_above(left, right, jaccard(sets, left, right), similarity, same)


def jaccard(sets: Shingles, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The Jaccard similarity (pairs,) of the sets numbered `left` and `right`."""
    sizes = sets.sizes[left] + sets.sizes[right]
    pieces = _pieces(np.concatenate(([0], np.cumsum(sizes))))
    found = on_all_cores(lambda piece: _shares(sets, left[slice(*piece)], right[slice(*piece)]), pieces)
    return np.concatenate([np.zeros(0), *found])


def band_keys(sets: Shingles, similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Set numbers and keys, each (filled sets * bands,): two sets are candidates where they share a key."""
    filled = np.flatnonzero(sets.sizes > 0)
    found, _ = sketches(sets.take(filled), similarity)
    keys = [mix(key ^ np.uint64(band)) for band, key in enumerate(found)]
    return np.tile(filled, len(keys)), np.concatenate([np.zeros(0, np.uint64), *keys])


def sketches(sets: Shingles, similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """Keys (bands, sets) that similar sets share with good chance, and one number (sets,) for all shingles.

    Of empty sets neither means anything. Repeats change the number, so sets with equal numbers are equal, but
    some equal sets are found as pairs only.
    """
    bands, rows = bands_for(similarity)
    factors = np.random.default_rng(_SEED).integers(0, 2**63, (bands, rows), dtype=np.uint64) | np.uint64(1)
    keys, total = np.zeros((bands, len(sets)), np.uint64), np.zeros(len(sets), np.uint64)

    def fill(piece: tuple[int, int]) -> None:
        block = sets.cut(*piece)
        keys[:, slice(*piece)] = _keys(block, factors)
        total[slice(*piece)] = _totals(block)

    list(on_all_cores(fill, _pieces(sets.starts)))
    return keys, total


def _totals(sets: Shingles) -> np.ndarray:
    return np.add.reduceat(np.append(mix(sets.hashes), np.uint64(0)), sets.starts)[:-1]


def _keys(sets: Shingles, factors: np.ndarray) -> np.ndarray:
    """The keys (bands, sets) of a block: the least hashes of each row of a band, mixed.

    Each order of the shingles is a multiplication by an odd number: enough, for the shingles are well mixed
    already. 32 of their bits choose candidates as well as all, in half the time. One hash more at the end
    gives `reduceat` a place for empty sets there.
    """
    hashes = np.append(sets.hashes, np.uint64(0)).astype(np.uint32)
    ordered = np.empty_like(hashes)
    keys = np.zeros((len(factors), len(sets)), np.uint64)
    for band, rows in enumerate(factors):
        for factor in rows:
            np.multiply(hashes, factor.astype(np.uint32), out=ordered)
            keys[band] += np.minimum.reduceat(ordered, sets.starts)[:-1] * factor
    return mix(keys)


def _pieces(starts: np.ndarray) -> list[tuple[int, int]]:
    """Cuts sets into pieces of few enough sets and hashes for one sort in the processor's cache."""
    cuts, first, last = [], 0, len(starts) - 1
    while first < last:
        end = int(np.searchsorted(starts, starts[first] + _BLOCK_HASHES, side="right")) - 1
        end = min(max(end, first + 1), first + BLOCK_SETS)
        cuts.append((first, min(end, last)))
        first = cuts[-1][1]
    return cuts


def _shares(sets: Shingles, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The part (pairs,) of the shingles of either set that both sets hold; 0 where there are none."""
    sides = [sets.take(left), sets.take(right)]
    pair = np.concatenate([np.repeat(np.arange(len(left), dtype=np.uint64), side.sizes) for side in sides])
    hashes = np.concatenate([side.hashes for side in sides])
    is_right = np.repeat(np.array([0, 1], np.uint64), [len(side.hashes) for side in sides])
    keys = np.sort(pair << np.uint64(HASH_BITS + 1) | hashes << np.uint64(1) | is_right)
    keys = keys[np.append(keys[1:] != keys[:-1], True)[: len(keys)]]  # np.unique takes three times as long
    members = np.bincount((keys >> np.uint64(HASH_BITS + 1)).astype(np.int64), minlength=len(left))
    keys >>= np.uint64(1)
    twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(HASH_BITS)
    common = np.bincount(twice.astype(np.int64), minlength=len(left))
    return np.asarray(common / np.maximum(members - common, 1))
