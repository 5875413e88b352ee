"""Duplicates by meaning: the cosine of embeddings, exact or by an index."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import batch_of, blocks_of, embedded_of, same_state
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.cosine import similar_vectors
from trimtab.data.semantic_duplicates import SemanticDuplicates
from trimtab.data.steps import SemanticDuplicates as Alone


def close_pairs(groups: int, width: int = 32, seed: int = 0) -> np.ndarray:
    """Random vectors (2 * groups, width), each even one followed by one with a cosine of about 0.98."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(groups, width))
    second = first + rng.normal(0, 0.2, (groups, width))
    return np.stack([first, second], axis=1).reshape(2 * groups, width).astype(np.float32)


def test_it_finds_all_pairs_that_scikit_learn_finds():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    vectors = close_pairs(1500)
    cosine = np.triu(pairwise.cosine_similarity(vectors.astype(np.float64)), 1)
    left, right = np.nonzero(cosine >= 0.95)
    found = similar_vectors(vectors, 0.95)
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == set(
        zip(left.tolist(), right.tolist(), strict=True)
    )
    assert found.likeness == pytest.approx(cosine[found.left, found.right], abs=1e-6)


def test_it_finds_by_the_index_nearly_all_that_it_finds_without():
    pytest.importorskip("faiss")
    vectors = close_pairs(3000)
    exact, indexed = similar_vectors(vectors, 0.95), similar_vectors(vectors, 0.95, exact_rows=0)
    whole, part = (set(zip(one.left.tolist(), one.right.tolist(), strict=True)) for one in (exact, indexed))
    assert part <= whole
    assert len(part) >= 0.99 * len(whole)


def test_it_says_nothing_of_rows_without_a_direction():
    vectors = np.array([[0, 0], [0, 0], [np.nan, 1], [np.nan, 1], [1, 0], [2, 0], [1, 0]], np.float32)
    found = similar_vectors(vectors, 0.9)
    assert found.same.tolist() == [0, 1, 2, 3, 4, 5, 4]
    assert (found.left.tolist(), found.right.tolist()) == ([4], [5])


def test_it_names_the_row_that_stays_and_the_cosine():
    batch = embedded_of(3)
    (drop,) = SemanticDuplicates().learn(batch)(batch).dropped
    assert drop.reason.startswith("semantic duplicate of row 10 (cosine 1.000)")


def test_it_says_what_to_do_about_a_column_that_is_missing():
    with pytest.raises(DataError, match=r"no column 'embedding'; name the one .* or let an `encoder` "):
        SemanticDuplicates().learn(batch_of(["a"]))


TEXTS = ["Where is my card?", "How do I top up?", None, "where IS  my card?", "I lost my card", None]


def test_it_embeds_the_texts_itself_when_an_encoder_is_named():
    batch = batch_of(TEXTS)
    step = SemanticDuplicates(encoder="minilm").learn(batch)
    after = step(batch)
    assert after.ids.tolist() == batch.ids[[0, 1, 2, 4, 5]].tolist()
    (drop,) = after.dropped
    assert drop.reason.startswith(f"semantic duplicate of row {batch.ids[0]} (cosine 1.000)")
    blocks = blocks_of(batch, 3)
    assert same_state(SemanticDuplicates(encoder="minilm").learn_blocks(blocks[::-1]), step)
    with pytest.raises(DataError, match="no column 'txt'; did you mean 'text'"):
        SemanticDuplicates(encoder="minilm", text="txt").learn(batch)


def test_it_embeds_the_texts_of_a_frame_when_it_stands_alone():
    rows, _ = Alone(encoder="minilm").fit_resample(pl.DataFrame({"text": TEXTS}))
    assert rows["text"].to_list() == [text for text in TEXTS if text != "where IS  my card?"]


@pytest.mark.parametrize("vectors", [[[1.0], [1.0, 2.0]], [[], []]])
def test_it_refuses_vectors_of_different_or_no_length(vectors):
    frame = pl.DataFrame({"embedding": pl.Series(vectors, dtype=pl.List(pl.Float64))})
    with pytest.raises(DataError, match="no vectors of one length"):
        SemanticDuplicates().learn(Batch(frame, np.arange(2)))


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_a_vector_that_lacks_a_number_is_none(gap):
    rows = pl.DataFrame({"embedding": [[1.0, 0.0], [gap, 1.0], [1.0, 0.0]]})
    assert SemanticDuplicates().learn(Batch(rows, np.arange(3))).gone.tolist() == [2]


@pytest.mark.parametrize("odd", [float("inf"), 1e39])
def test_it_refuses_numbers_that_are_infinite(odd):
    with pytest.raises(DataError, match="column 'embedding' of row 1 holds a number that is infinite"):
        SemanticDuplicates().learn(Batch(pl.DataFrame({"embedding": [[1.0, 0.0], [odd, 1.0]]}), np.arange(2)))


def test_it_reads_arrays_as_it_reads_lists():
    batch = embedded_of(9)
    fixed = batch.with_columns(embedding=batch["embedding"].cast(pl.Array(pl.Float32, 8)))
    assert SemanticDuplicates().learn(fixed).gone.tolist() == SemanticDuplicates().learn(batch).gone.tolist()
