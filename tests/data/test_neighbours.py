"""Nearest words among embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from gensim.models import KeyedVectors

from rows import batch_of
from trimtab.core.errors import DataError
from trimtab.data.neighbours import EmbeddingNeighbours, nearest

WORDS = ["card", "plastic", "cash", "money", "卡", "银行卡"]


@pytest.fixture
def vectors(tmp_path):
    rng = np.random.default_rng(0)
    made = KeyedVectors(8)
    made.add_vectors(WORDS, rng.normal(size=(len(WORDS), 8)).astype(np.float32))
    made.save_word2vec_format(str(tmp_path / "words.txt"))
    made.save_word2vec_format(str(tmp_path / "words.bin"), binary=True)
    return made, tmp_path


@pytest.mark.parametrize("name", ["words.txt", "words.bin"])
def test_it_finds_the_neighbours_that_gensim_finds(vectors, name):
    made, folder = vectors
    for word, near in nearest(WORDS, str(folder / name), 3, -1.0):
        assert list(near) == [other for other, _ in made.most_similar(word, topn=3)]


def test_it_replaces_words_of_any_language_that_the_file_knows(vectors):
    _, folder = vectors
    batch = batch_of(["my Card", "卡 丢了", "nothing known"])
    step = EmbeddingNeighbours(embeddings=str(folder / "words.txt"), nearest=1, least_neighbour=-1, rate=1)
    step = step.learn(batch)
    table = dict(step.neighbours)
    after = step(batch)["text"].to_list()[3:]
    assert after == [f"my {table['card'].capitalize()}", f"{table['卡']} 丢了"]


def test_it_finds_near_words_in_minilm_and_carries_those_of_its_rows_only():
    batch = batch_of(["I lost my card and my money", "我的卡丢了"])
    step = EmbeddingNeighbours().learn(batch)
    table = {word: set(near) for word, *near in step.neighbours}
    assert "cards" in table["card"]
    assert set(table) <= {"lost", "card", "money"}
    assert len(step(batch)) == 3


def test_it_keeps_no_neighbour_below_the_least_cosine(vectors):
    _, folder = vectors
    assert nearest(WORDS, str(folder / "words.txt"), 3, 0.999) == []


def test_it_says_when_a_file_holds_no_embeddings(tmp_path):
    (tmp_path / "words.txt").write_text("no vectors here\n")
    with pytest.raises(DataError, match="cannot be read as word embeddings"):
        nearest(["card"], str(tmp_path / "words.txt"), 3, 0)
