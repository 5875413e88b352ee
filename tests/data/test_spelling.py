"""Mistakes of the fingers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.data.spelling import NEIGHBOURS, SpellingNoise, misspelt
from trimtab.data.synonyms import pieces_of


def test_it_knows_the_keys_around_a_key():
    assert NEIGHBOURS["q"] == "aw"
    assert NEIGHBOURS["s"] == "adewxz"
    assert NEIGHBOURS["m"] == "jkn"
    assert all(key in NEIGHBOURS[other] for key, near in NEIGHBOURS.items() for other in near)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), st.integers(0, 999))
def test_it_makes_one_mistake_after_the_first_letter(word, seed):
    wrong = misspelt(word, np.random.default_rng(seed))
    assert wrong[0] == word[0]
    assert len(wrong) in (len(word), len(word) - 1)
    if len(wrong) == len(word) - 1:
        assert any(word[:at] + word[at + 1 :] == wrong for at in range(len(word)))
    else:
        differ = [at for at in range(len(word)) if word[at] != wrong[at]]
        swapped = len(differ) == 2 and sorted(word) == sorted(wrong)
        assert not differ or swapped or (len(differ) == 1 and wrong[differ[0]] in NEIGHBOURS[word[differ[0]]])


@given(st.text(max_size=40), st.integers(0, 99))
def test_it_touches_latin_words_of_four_letters_or_more_only(text, seed):
    noisy = SpellingNoise(rate=1.0).edit(text, np.random.default_rng(seed))
    if noisy is not None:
        before, after = pieces_of(text), pieces_of(noisy)
        assert [piece for piece in before if len(piece) < 4] == [
            piece for at, piece in enumerate(after) if len(before[at]) < 4
        ]


def test_it_leaves_chinese_and_short_words_alone():
    rng = np.random.default_rng(0)
    assert SpellingNoise().edit("我的卡丢了", rng) is None
    assert SpellingNoise().edit("is my pin ok", rng) is None
