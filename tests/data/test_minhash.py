"""Similar texts: banding misses next to nothing, and the likeness is the true Jaccard similarity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.minhash import MISS, band_keys, bands_for, jaccard, similar, similar_by_key
from trimtab.data.shingles import Shingles, join, shingles


def true_jaccard(left: str, right: str, width: int) -> float:
    a, b = ({text[at : at + width] for at in range(max(1, len(text) - width + 1))} for text in (left, right))
    return len(a & b) / len(a | b)


def planted(similarity: float, pairs: int, size: int = 100) -> Shingles:
    """Pairs (2i, 2i + 1) of random sets that share exactly the asked-for part of their union."""
    rng = np.random.default_rng(1)
    shared = round(size * similarity)
    rest = size - shared
    sets = []
    for _ in range(pairs):
        values = rng.integers(0, 2**52, size, dtype=np.uint64)
        half = rest // 2
        sets.append(np.sort(np.concatenate((values[:shared], values[shared : shared + half]))))
        sets.append(np.sort(np.concatenate((values[:shared], values[shared + half :]))))
    return Shingles(np.cumsum([0, *map(len, sets)]), np.concatenate(sets))


@pytest.mark.parametrize("size", [10, 40, 100, 500])
@pytest.mark.parametrize("similarity", [0.5, 0.8, 0.9])
def test_it_recalls_ninety_nine_in_a_hundred_pairs_exactly_at_the_threshold(similarity, size):
    found = similar(planted(similarity, 2000, size), similarity)
    assert len(found.left) >= 0.99 * 2000
    assert (found.right == found.left + 1).all()
    assert found.likeness == pytest.approx(np.full(len(found.left), similarity))


@pytest.mark.parametrize("similarity", [0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99, 1.0])
def test_its_banding_misses_no_more_than_it_says(similarity):
    bands, rows = bands_for(similarity)
    assert (1 - similarity**rows) ** bands <= MISS


words = st.text("abc ", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)


@given(st.lists(words, min_size=2, max_size=8), st.integers(1, 4))
def test_its_likeness_is_the_jaccard_similarity_of_the_shingles(texts, width):
    sets = shingles(texts, width=width)
    left, right = np.triu_indices(len(texts), 1)
    expected = [true_jaccard(texts[a], texts[b], width) for a, b in zip(left, right, strict=True)]
    assert jaccard(sets, left, right) == pytest.approx(expected)


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=12), st.integers(0, 12))
def test_it_makes_the_same_shingles_of_blocks_as_of_all_rows(texts, at):
    whole, parts = shingles(texts), join([shingles(texts[:at]), shingles(texts[at:])])
    assert np.array_equal(whole.starts, parts.starts)
    assert np.array_equal(whole.hashes, parts.hashes)


def test_it_knows_a_thousand_copies_by_the_first_and_makes_no_pairs_of_them():
    found = similar(shingles(["one and the same text"] * 1000), 0.9)
    assert found.same.tolist() == [0] * 1000
    assert len(found.left) == 0


def test_it_finds_by_the_keys_of_all_shares_what_it_finds_among_all():
    sets = planted(0.8, 500, 60)
    whole = similar(sets, 0.8)
    rows, keys = band_keys(sets, 0.8)
    parts = [
        keys < np.uint64(2**62),
        (keys >= np.uint64(2**62)) & (keys < np.uint64(2**63)),
        keys >= np.uint64(2**63),
    ]
    found = [similar_by_key(sets, 0.8, rows[part], keys[part]) for part in parts]
    pairs = {pair for one in found for pair in zip(one.left, one.right, one.likeness, strict=True)}
    assert pairs == set(zip(whole.left, whole.right, whole.likeness, strict=True))
    assert len(whole.left) > max(len(one.left) for one in found[:2]) > 0
    assert all(np.array_equal(one.same, whole.same) for one in found)


def test_it_says_nothing_of_texts_without_characters():
    assert len(similar(shingles(["", None, " ", ""]), 0.5).left) == 0
    assert len(similar(shingles([]), 0.5).left) == 0


def test_it_tells_words_from_characters():
    texts = ["send money now", "now send money"]
    assert jaccard(shingles(texts, "words", 1), np.array([0]), np.array([1])) == 1
    assert jaccard(shingles(texts, "words", 2), np.array([0]), np.array([1])) == pytest.approx(1 / 3)
