"""Shingles: the same sets as from Python's own words and slices, whatever the script."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.shingles import shingles
from trimtab.data.terms import folded, normal, words


def windows(parts, width: int) -> set[tuple[str, ...]]:
    """The shingles of a text by definition: a shorter text is one, an empty one has none."""
    return {tuple(parts[at : at + width]) for at in range(max(1, len(parts) - width + 1))} if parts else set()


texts = st.lists(
    st.text(st.sampled_from("ab Z_1ß é\u0301\uff21ｶﾞ卡丢の, 😀\n\x00ǅ"), max_size=30), min_size=1, max_size=6
)
long_words = st.lists(st.text("ab", min_size=6, max_size=20), max_size=4).map(" ".join)


def same_sets(values: list[str], unit: str, width: int) -> None:
    """Each set is as large as by definition, and two sets share as many shingles as by definition."""
    cut = normal if unit == "characters" else lambda value: words(folded(value))
    by_definition = [windows(cut(value), width) for value in values]
    found = shingles(values, unit, width)
    sets = [set(found.hashes[a:b].tolist()) for a, b in zip(found.starts[:-1], found.starts[1:], strict=True)]
    assert [len(one) for one in sets] == [len(one) for one in by_definition]
    for one, expected in zip(sets, by_definition, strict=True):
        assert [len(one & other) for other in sets] == [len(expected & other) for other in by_definition]


@given(texts, st.sampled_from(["words", "characters"]), st.integers(1, 5))
def test_it_makes_the_sets_of_the_definition(values, unit, width):
    same_sets(values, unit, width)


@given(st.lists(long_words, max_size=5), st.integers(1, 3))
def test_it_tells_long_words_apart(values, width):
    same_sets(values, "words", width)


def test_it_gives_a_text_the_same_shingles_beside_chinese_as_alone():
    text = "Where is my extraordinarily late card"
    alone, beside = shingles([text], "words"), shingles([text, "银行卡丢了怎么办"], "words")
    assert beside.hashes[: beside.starts[1]].tolist() == alone.hashes.tolist()


def test_it_cuts_many_texts_into_blocks_and_changes_nothing():
    many = [f"text number {at} of a great many texts" for at in range(10_000)]
    found = shingles(many, "words", 2)
    assert len(found) == len(many)
    assert set(found.sizes.tolist()) == {7}
    assert found.hashes[found.starts[9_999] :].tolist() == shingles(many[9_999:], "words", 2).hashes.tolist()
