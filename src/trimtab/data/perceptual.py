"""Perceptual hashes of pictures, and pairs of hashes that differ in few bits."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations, pairwise
from typing import Literal

import numpy as np

from trimtab.core.optional import optional
from trimtab.data.pairs import Pairs, distinct, equal, first_equal, firsts, pairs_above
from trimtab.data.splitmix import mix

Method = Literal["phash", "dhash"]
BITS = 64
_SIDE = 32


def picture_hash(picture: bytes, method: Method = "phash") -> int:
    """A 64-bit hash that small changes of size, quality or brightness hardly change.

    `phash`: which of the 8 x 8 lowest frequencies of a cosine transform of 32 x 32 grey pixels lie above
    their median (Zauner, 2010). `dhash`: which of 8 x 8 pixels are darker than their right neighbour
    (Krawetz, 2013). Both give the bits of the package ImageHash.

    Raises:
        OSError: these bytes are no picture.
    """
    image = optional("PIL.Image", "data", "step image_duplicates")
    with image.open(BytesIO(picture)) as opened:
        grey = opened.convert("L")
    if method == "dhash":
        pixels = np.asarray(grey.resize((9, 8), image.Resampling.LANCZOS))
        bits = pixels[:, 1:] > pixels[:, :-1]
    else:
        from scipy.fft import dctn

        pixels = np.asarray(grey.resize((_SIDE, _SIDE), image.Resampling.LANCZOS), np.float64)
        low = dctn(pixels, type=2)[:8, :8].round(6)  # a flat picture has zeros here, not noise
        bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def similar_hashes(hashes: np.ndarray, usable: np.ndarray, distance: int) -> Pairs:
    """Pairs of `hashes` (rows,) that differ in at most `distance` bits, among the `usable` rows.

    The bits are cut into `distance + 2` bands, so that two hashes within the distance agree in at least two
    of them: rows are joined on every two bands, never all with all (Norouzi, Punjani and Fleet, 2012, with
    pairs of bands). None is missed. The likeness is the share of equal bits.
    """
    same = np.arange(len(hashes))
    same[usable] = np.flatnonzero(usable)[first_equal(hashes[usable])]
    ones = firsts(same, usable)
    chosen = hashes[ones]
    edges = np.linspace(0, BITS, distance + 3).astype(int)
    bands = [np.uint64(((1 << int(high)) - 1) ^ ((1 << int(low)) - 1)) for low, high in pairwise(edges)]
    found = [_close(chosen, one | two, distance) for one, two in combinations(bands, 2)]
    left, right = distinct(found, len(ones))
    likeness = 1 - np.bitwise_count(chosen[left] ^ chosen[right]) / BITS
    return pairs_above(ones[left], ones[right], likeness, 1 - distance / BITS, same)


def _close(hashes: np.ndarray, mask: np.uint64, distance: int) -> tuple[np.ndarray, np.ndarray]:
    left, right = equal(mix(hashes & mask))
    near = np.bitwise_count(hashes[left] ^ hashes[right]) <= distance
    return left[near], right[near]
