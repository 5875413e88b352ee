"""Texts as shingles: `width` words or characters in a row, each held as a 52-bit hash.

Everything runs in NumPy over blocks of texts small enough for the processor's cache, on all cores (NumPy
lets go of the interpreter). 52 bits, because those above them hold the number of a text when the sets of many
are sorted at once. Two sets of 1,000 different shingles share a hash with a chance of 2e-10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np

from trimtab.core.machine import threads
from trimtab.data.splitmix import mix
from trimtab.data.terms import CJK, folded, normal

Unit = Literal["characters", "words"]

HASH_BITS = 52
BLOCK_SETS = 1 << 11
"""Sets whose number, and one bit more, fit above the hash."""
_BLOCK_CHARACTERS = 1 << 18
_FACTORS = np.random.default_rng(20260101).integers(0, 2**63, 64, dtype=np.uint64) * np.uint64(2) + np.uint64(
    1
)
_SEPARATOR, _WORD, _ALONE = 0, 1, 2
"""Kinds of characters: between words, part of a word, a word by itself (Chinese, Japanese)."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Shingles:
    """Shingle hashes of texts, with repeats: those of text `i` are `hashes[starts[i]:starts[i + 1]]`."""

    starts: np.ndarray
    hashes: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        """Shingles of each text (texts,), repeats counted."""
        return np.diff(self.starts)

    def take(self, rows: np.ndarray) -> Shingles:
        """The texts at `rows`."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        sizes = self.sizes[rows]
        starts = np.concatenate(([0], np.cumsum(sizes)))
        at = np.repeat(self.starts[rows] - starts[:-1], sizes)
        at += np.arange(len(at))
        return Shingles(starts, self.hashes[at])

    def cut(self, first: int, last: int) -> Shingles:
        """The texts from `first` to before `last`, without a copy of their hashes."""
        starts = self.starts[first : last + 1]
        return Shingles(starts - starts[0], self.hashes[starts[0] : starts[-1]])


def join(parts: Sequence[Shingles]) -> Shingles:
    """The texts of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    sizes = [part.sizes for part in parts]
    starts = np.concatenate(([0], np.cumsum(np.concatenate([*sizes, np.zeros(0, np.int64)]))))
    hashes = np.empty(starts[-1], np.uint64)

    def fill(piece: tuple[int, Shingles]) -> None:
        hashes[piece[0] : piece[0] + len(piece[1].hashes)] = piece[1].hashes

    firsts = np.cumsum([0, *(len(part.hashes) for part in parts)]).tolist()
    list(on_all_cores(fill, zip(firsts, parts, strict=False)))
    return Shingles(starts, hashes)


def shingles(texts: Sequence[str | None], unit: Unit = "characters", width: int = 3) -> Shingles:
    """The shingles of each text: `width` characters or words in a row, folded as in `terms.normal`.

    A shorter text is one shingle; a missing or empty one has none.
    """
    return join(list(on_all_cores(lambda block: _block(block, unit, width), _blocks(texts))))


def on_all_cores(work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """What `work` makes of each item, in their order."""
    with ThreadPoolExecutor(threads()) as pool:
        yield from pool.map(work, items)


def _blocks(texts: Sequence[str | None]) -> Iterator[list[str]]:
    block: list[str] = []
    held = 0
    for text in texts:
        block.append(text or "")
        held += len(block[-1])
        if len(block) == BLOCK_SETS or held >= _BLOCK_CHARACTERS:
            yield block
            block, held = [], 0
    if block:
        yield block


def _block(texts: list[str], unit: Unit, width: int) -> Shingles:
    codes, sizes = _characters(texts) if unit == "characters" else _words(texts)
    values, counts = _windows(codes, sizes, width)
    return Shingles(np.concatenate(([0], np.cumsum(counts))), mix(values) >> np.uint64(64 - HASH_BITS))


def _windows(codes: np.ndarray, sizes: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each `width` codes in a row, and how many each text gives; a shorter text gives one."""
    firsts = np.cumsum(sizes) - sizes
    padded = np.concatenate((codes + np.uint64(1), np.zeros(width, np.uint64)))
    values = padded[: len(codes)] * _factor(0)
    for step in range(1, width):
        values += padded[step : step + len(codes)] * _factor(step)
    whole = np.ones(len(codes), bool)
    for step in range(1, width):
        reaching = sizes > step
        whole[(firsts + sizes)[reaching] - step] = False  # these windows reach into the next text
    short = (sizes > 0) & (sizes < width)
    values[firsts[short]] = 0
    for step in range(width - 1):
        at = firsts[short & (sizes > step)]
        values[at] += padded[at + step] * _factor(step)
    kept = np.where(sizes == 0, 0, np.maximum(sizes - width + 1, 1))
    return values[whole], kept


def _factor(step: int) -> np.uint64:
    return _FACTORS[step % len(_FACTORS)]


def _characters(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The code points of all texts, and how many each has."""
    plain = [normal(text) for text in texts]
    points = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), np.uint32)
    return points.astype(np.uint64), np.array([len(text) for text in plain], np.int64)


def _words(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each word of all texts (`terms.words` of what is folded), and how many each text has."""
    plain = [folded(text) for text in texts]
    whole = " ".join(plain)
    raw = whole.encode("utf-8", "surrogatepass")
    if whole.isascii():
        kinds, bounds = np.frombuffer(raw.translate(_ascii_kinds()), np.uint8), None
    else:
        points = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
        kinds = _kinds(0x110000)[points]
        size = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
        bounds = np.concatenate(([0], np.cumsum(size)))
    begins, ends = _spans(kinds)
    limits = np.cumsum([0, *(len(text) + 1 for text in plain)])
    counts = np.diff(np.searchsorted(begins, limits))
    if bounds is not None:
        begins, ends = bounds[begins], bounds[ends]
    return _numbers(raw, begins, ends - begins), counts


def _spans(kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each word begins and ends, in characters."""
    inside = np.zeros(len(kinds) + 2, bool)
    inside[1:-1] = kinds == _WORD
    edge = inside[1:] != inside[:-1]
    begins, ends = edge[:-1] & inside[1:-1], edge[1:] & inside[1:-1]
    alone = kinds == _ALONE
    return np.flatnonzero(begins | alone), np.flatnonzero(ends | alone) + 1


def _numbers(raw: bytes, begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """A number for the bytes of each word, eight at a time: of up to eight, the bytes themselves."""
    chunks = np.frombuffer(raw + b"\0" * (16 - len(raw) % 8), "<u8")
    values = _eight(chunks, begins, sizes)
    at = np.flatnonzero(sizes > 8)
    done = 8
    while len(at):
        values[at] = mix(values[at]) ^ _eight(chunks, begins[at] + done, sizes[at] - done)
        done += 8
        at = at[sizes[at] > done]
    return values


def _eight(chunks: np.ndarray, begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Up to eight bytes from each place as one number (a shift by 64 gives zero in NumPy)."""
    at, shift = begins >> 3, ((begins & 7) << 3).astype(np.uint64)
    value = chunks[at] >> shift
    value |= chunks[at + 1] << (np.uint64(64) - shift)
    value &= np.uint64(2**64 - 1) >> ((8 - np.minimum(sizes, 8)) << 3).astype(np.uint64)
    return value


@lru_cache(maxsize=2)
def _kinds(points: int) -> np.ndarray:
    """The kind (points,) of each character up to a code point."""
    every = "".join(map(chr, range(points)))
    kinds = np.full(points, _SEPARATOR, np.uint8)
    for pattern, kind in ((rf"[^\W{CJK}]+", _WORD), (rf"[{CJK}]+", _ALONE)):
        for found in re.finditer(pattern, every):
            kinds[slice(*found.span())] = kind
    return kinds


@lru_cache(maxsize=1)
def _ascii_kinds() -> bytes:
    """The kinds of the first 128 characters, for `bytes.translate`, which is faster than an index."""
    return _kinds(128).tobytes() + bytes(128)
