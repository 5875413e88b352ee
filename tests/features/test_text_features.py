"""Features of texts, against scikit-learn, gensim and sentence-transformers."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from encoders import small_embed
from parts.projects import banking77, small_encoder
from rows import CHINESE, ENGLISH, batch_of
from test_imports import loaded_after
from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.core.step import save_steps
from trimtab.data.terms import words
from trimtab.features.embed import Embed
from trimtab.features.feature import feature_names
from trimtab.features.hashing import Hashing, place
from trimtab.features.matrix import matrix
from trimtab.features.terms import ngrams, words_of
from trimtab.features.tfidf import TfIdf
from trimtab.features.word2vec import Word2Vec


def banking(rows: int) -> list[str]:
    with (banking77() / "test.csv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)][:rows]


TEXTS = banking(400)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}),
        ({"ngrams": (1, 1), "min_df": 1, "sublinear": False}, {}),
        (
            {"max_df": 0.1, "min_df": 3, "ngrams": (1, 3)},
            {"ngram_range": (1, 3), "max_df": 0.1, "min_df": 3, "sublinear_tf": True},
        ),
    ],
)
def test_it_gives_the_tfidf_of_scikit_learn_for_words(ours, theirs):
    step = TfIdf(**ours).learn(batch_of(TEXTS[:300]))
    peer = TfidfVectorizer(preprocessor=str, tokenizer=words, token_pattern=None, **theirs).fit(TEXTS[:300])
    assert list(step.terms) == peer.get_feature_names_out().tolist() == list(step.names({}))
    got = matrix(step(batch_of(TEXTS[300:])), "tfidf", len(step.terms))
    assert abs(got - peer.transform(TEXTS[300:])).max() < 1e-7


@pytest.mark.parametrize("unit", ["char", "char_wb"])
def test_it_gives_the_tfidf_of_scikit_learn_for_characters(unit):
    texts = [*TEXTS[:100], *ENGLISH, *CHINESE, "a", "  two   spaces "]
    step = TfIdf(unit=unit, ngrams=(2, 5), min_df=1, sublinear=False).learn(batch_of(texts))
    peer = TfidfVectorizer(analyzer=unit, ngram_range=(2, 5), preprocessor=str.casefold).fit(texts)
    assert list(step.terms) == peer.get_feature_names_out().tolist()
    got = matrix(step(batch_of(texts)), "tfidf", len(step.terms))
    assert abs(got - peer.transform(texts)).max() < 1e-7


def test_it_keeps_the_most_frequent_terms_and_breaks_ties_by_the_alphabet():
    step = TfIdf(ngrams=(1, 1), min_df=1, max_features=2).learn(batch_of(["c c b", "a b", "d"]))
    assert step.terms == ("b", "c")


def test_it_reads_a_missing_text_and_an_empty_one_as_no_term():
    step = TfIdf(min_df=1).learn(batch_of(["lost card", None, ""]))
    assert step.vectors(batch_of([None, "", "unseen"])).nnz == 0


def test_it_cuts_chinese_into_words_only_when_told_or_when_han_stands_there():
    assert words_of("我来到北京清华大学。", "auto") == ["我", "来到", "北京", "清华大学"]
    assert words_of("北京", "spaced") == ["北", "京"]
    assert words_of("My card's lost!", "auto") == ["my", "card", "s", "lost"]
    assert list(ngrams("我来到北京", "word", (2, 2), "auto")) == ["我 来到", "来到 北京"]


def test_it_serves_tfidf_without_scikit_learn_or_a_segmenter(tmp_path):
    save_steps([TfIdf().learn(batch_of(ENGLISH)), Word2Vec().learn(batch_of(ENGLISH))], tmp_path)
    code = f"""
        import numpy as np, polars as pl
        from pathlib import Path
        from trimtab.core.objects import Batch
        from trimtab.core.step import load_steps
        from trimtab.features import FEATURES
        batch = Batch(pl.DataFrame({{"text": ["lost card", "我的卡"]}}), np.arange(2))
        for step in load_steps(Path({str(tmp_path)!r}), FEATURES):
            batch = step(batch)
    """
    assert not loaded_after(code, tmp_path) & {"sklearn", "gensim", "torch", "rjieba", "pandas"}


def test_it_says_that_it_has_learnt_nothing():
    with pytest.raises(DataError, match="step tfidf: has learnt nothing yet"):
        TfIdf()(batch_of(ENGLISH))


def test_it_hashes_terms_to_the_same_places_for_ever_with_signs_of_both_kinds():
    assert [place(term, 1000) for term in ("card", "卡", "")] == [(540, -1.0), (590, 1.0), (378, -1.0)]
    signs = [place(str(number), 10)[1] for number in range(2_000)]
    assert abs(sum(signs)) < 3.3 * np.sqrt(2_000)  # p = 0.001
    columns = np.bincount([place(str(number), 10)[0] for number in range(2_000)])
    assert ((columns - 200) ** 2 / 200).sum() < 27.9  # chi-square, 9 degrees of freedom, p = 0.001


def test_it_keeps_inner_products_on_average_when_it_hashes():
    """Weinberger et al., 2009, lemma 2: the hashed product is an unbiased estimate; here of 4."""

    def hashed(text, salt):
        row = np.zeros(16)
        for word in text:
            at, sign = place(f"{word}{salt}", 16)
            row[at] += sign
        return row

    products = [float(hashed("abcdefgh", salt) @ hashed("abcdijkl", salt)) for salt in range(2_000)]
    assert abs(np.mean(products) - 4) < 3.3 * np.std(products) / np.sqrt(len(products))


def test_it_gives_hashed_rows_of_length_one_and_the_names_of_its_columns():
    step = Hashing(width=8)
    rows = step.vectors(batch_of(["lost card", "", None]))
    assert np.allclose(np.linalg.norm(rows.toarray(), axis=1), [1, 0, 0])
    assert step.names({}) == tuple(f"hashing[{at}]" for at in range(8))


def test_it_trains_the_vectors_of_gensim_and_averages_them():
    from gensim.models import Word2Vec as Peer

    step = Word2Vec(width=10, epochs=2, weight="none", seed=3).learn(batch_of(TEXTS))
    peer = Peer(
        [words(text) for text in TEXTS], vector_size=10, epochs=2, min_count=2, sg=1, seed=3, workers=1
    )
    assert np.array_equal(step.table, peer.wv.vectors)
    (got,) = step.vectors(batch_of(["card card lost zzzz"]))
    mean = 2 * peer.wv["card"] + peer.wv["lost"]
    assert np.allclose(got, mean / np.linalg.norm(mean), atol=1e-6)


def test_it_weighs_words_by_their_idf():
    batch = batch_of(["a b", "a c", "a b"])
    step = Word2Vec(width=4, min_count=1, epochs=1).learn(batch)
    idf = dict(zip(step.words, step.weights, strict=True))
    assert idf["a"] == 1.0
    assert idf["c"] == pytest.approx(np.log(4 / 2) + 1)


def test_it_reads_word_vectors_from_a_file(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("2 3\ncard 1 0 0\n卡 0 2 0\n", encoding="utf-8")
    step = Word2Vec(file=str(path), weight="none").learn(batch_of(ENGLISH))
    assert step.vectors(batch_of(["card", "卡", "other"])).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    path.write_text("1 3\ncard 1 0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"vectors.txt:2: 2 numbers, not 3"):
        Word2Vec(file=str(path)).learn(batch_of(ENGLISH))
    with pytest.raises(DataError, match="is no file of word vectors"):
        Word2Vec(file=str(tmp_path / "none.txt")).learn(batch_of(ENGLISH))


def test_it_gives_the_embeddings_of_sentence_transformers():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules as models

    from trimtab.core.hub import model_folder

    words_in = models.Transformer(str(model_folder("minilm")), max_seq_length=256)
    pool = models.Pooling(words_in.get_embedding_dimension())
    peer = SentenceTransformer(modules=[words_in, pool, models.Normalize()], device="cpu")
    batch = batch_of([*TEXTS[:40], *CHINESE, "I lost my card " * 100])
    got = Embed().learn(batch).vectors(batch)
    assert np.abs(got - peer.encode(batch["text"].to_list())).max() < 2e-6


def test_it_gives_a_text_the_same_embedding_alone_and_among_others():
    batch = batch_of(TEXTS[:120])
    step = Embed().learn(batch)
    alone = np.concatenate([step.vectors(batch.take(np.array([at]))) for at in range(0, 120, 5)])
    assert np.array_equal(step.vectors(batch)[::5], alone)


def test_it_pools_by_the_first_token_and_sets_a_prefix_when_asked():
    batch = batch_of(["lost card"])
    mean = small_embed().learn(batch)
    first = Embed(encoder=mean.encoder, pooling="cls").learn(batch)
    assert not np.allclose(mean.vectors(batch), first.vectors(batch))
    prefixed = Embed(encoder=mean.encoder, prefix="query: ").learn(batch)
    assert np.array_equal(prefixed.vectors(batch), mean.vectors(batch_of(["query: lost card"])))


def test_it_refuses_other_weights_than_it_was_learnt_with(tmp_path):
    import torch

    folder = small_encoder(tmp_path / "encoder")
    step = Embed(encoder=str(folder)).learn(batch_of(ENGLISH))
    torch.manual_seed(1)
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    held = {name: tensor + 0.1 for name, tensor in load_file(path).items()}
    save_file(held, path, metadata={"format": "pt"})
    with pytest.raises(EnvironmentFault, match="holds other weights than it was learnt with"):
        step.vectors(batch_of(ENGLISH))


def test_it_names_the_features_of_every_column():
    batch = batch_of(ENGLISH)
    steps = [TfIdf(min_df=2, ngrams=(1, 1)).learn(batch), Hashing(width=2, into="hashed")]
    names = feature_names(steps)
    assert {"card", "cash"} <= set(names["tfidf"])
    assert names["hashed"] == ("hashed[0]", "hashed[1]")
