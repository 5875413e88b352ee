"""The reference profile says what traffic looked like when the model was made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.bundle import write_bundle
from trimtab.core.errors import BundleError
from trimtab.core.measure import entropy
from trimtab.monitor.profile import Profile, Traits, lengths, nearest_cosine, reference_profile
from trimtab.runtime.base import Output


def answers(rng: np.random.Generator, rows: int, width: int = 6, classes: int = 3) -> Output:
    odds = np.exp(rng.normal(0, 1, (rows, classes)))
    probabilities = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return Output(probabilities, rng.normal(0, 1, (rows, width)).astype(np.float32), np.zeros(rows, np.int8))


def test_it_describes_the_validation_rows_not_the_training_rows():
    rng = np.random.default_rng(0)
    train, valid = rng.normal(0, 1, (40, 6)), answers(rng, 3)
    facts, arrays = reference_profile(train, ["a b", "a  b c", ""], valid, ["x", "y", "z"])
    expected = [max(v @ t / np.linalg.norm(v) / np.linalg.norm(t) for t in train) for v in valid.embedding]
    np.testing.assert_allclose(arrays["nearest"], expected, atol=1e-3)
    assert arrays["nearest"].max() < 0.999  # a training row's nearest is itself, at 1
    assert arrays["length"].tolist() == [3, 5, 0]
    assert sum(facts["predicted"].values()) == 3
    assert (facts["rows"], facts["index_rows"], facts["width"]) == (3, 40, 6)


def test_it_keeps_a_fixed_choice_of_many_training_rows_in_half_precision():
    rng = np.random.default_rng(0)
    train, valid = rng.normal(0, 1, (50, 6)), answers(rng, 4)
    first = reference_profile(train, ["t"] * 4, valid, ["x", "y", "z"], rows=20)[1]
    again = reference_profile(train, ["t"] * 4, valid, ["x", "y", "z"], rows=20)[1]
    assert first["index"].shape == (20, 6)
    assert first["index"].dtype == np.float16
    np.testing.assert_array_equal(first["index"], again["index"])
    np.testing.assert_allclose(np.linalg.norm(first["index"].astype(float), axis=1), 1, atol=2e-3)


def test_it_comes_back_from_a_bundle_as_it_was(bundle, tmp_path):
    rng = np.random.default_rng(0)
    stored = reference_profile(rng.normal(0, 1, (5, 6)), ["a", "b"], answers(rng, 2), bundle.labels)
    made = write_bundle(tmp_path / "with", bundle.model, [], bundle.labels, {}, profile=stored)
    profile = Profile.of("here", made.profile())
    assert profile.classes == 3
    np.testing.assert_array_equal(profile.traits.nearest, stored[1]["nearest"])
    np.testing.assert_array_equal(profile.index, stored[1]["index"])


def test_it_names_what_a_damaged_profile_lacks():
    with pytest.raises(BundleError, match=r"bundle/profile: the reference profile lacks 'nearest'"):
        Profile.of("bundle/profile", ({"classes": 3}, {"index": np.eye(2)}))


def test_it_needs_embeddings():
    bare = Output(np.ones((1, 1), np.float32), None, np.zeros(1, np.int8))
    with pytest.raises(ValueError, match="embed=True"):
        reference_profile(np.eye(2), ["a"], bare, ["x"])


def test_it_measures_entropy_in_nats():
    np.testing.assert_allclose(entropy(np.full((1, 77), 1 / 77)), [np.log(77)], rtol=1e-6)
    assert entropy(np.array([[1.0, 0.0]])).tolist() == [0.0]


@given(st.integers(0, 600), st.integers(0, 2**16))
def test_it_finds_the_nearest_whatever_the_number_of_rows(rows, seed):
    rng = np.random.default_rng(seed)
    index, asked = rng.normal(0, 1, (7, 3)), rng.normal(0, 1, (rows, 3))
    index /= np.linalg.norm(index, axis=1, keepdims=True)
    found = nearest_cosine(index, asked)
    assert found.shape == (rows,)
    if rows:
        scaled = asked / np.linalg.norm(asked, axis=1, keepdims=True)
        np.testing.assert_allclose(found, (scaled @ index.T).max(axis=1), atol=1e-5)


def test_it_joins_windows_in_order():
    one = Traits(np.array([0.1]), np.array([1.0]), np.array([3]), np.array([0]))
    two = Traits(np.array([0.2]), np.array([2.0]), np.array([4]), np.array([1]))
    joined = Traits.join([one, two])
    assert joined.nearest.tolist() == [0.1, 0.2]
    assert joined.take(slice(1, None)).predicted.tolist() == [1]
    assert lengths([]).shape == (0,)
