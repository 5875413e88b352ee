"""Batches are length-bucketed, and depend on nothing but seed and epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.models.batches import epoch_batches, one_hot, pad

lengths = st.lists(st.integers(2, 60), min_size=1, max_size=300).map(np.array)


@given(lengths, st.integers(1, 40), st.integers(0, 9))
def test_an_epoch_visits_every_row_once(lengths, size, epoch):
    batches = epoch_batches(lengths, size, 0, epoch)
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(lengths)))
    assert max(map(len, batches)) <= size


def test_it_pads_little():
    lengths = np.random.default_rng(0).geometric(0.07, 5000) + 2
    batches = epoch_batches(lengths, 32, 0, 0)
    padded = sum(len(rows) * lengths[rows].max() for rows in batches)
    assert padded / lengths.sum() < 1.1


def test_it_repeats_itself_and_differs_between_epochs():
    lengths = np.arange(2, 200)
    first, again, next_one = (epoch_batches(lengths, 16, 7, epoch) for epoch in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any(set(a) != set(b) for a, b in zip(first, next_one, strict=True))


def test_it_pads_on_the_right_and_masks_the_padding():
    ids, mask = pad([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@given(st.lists(st.integers(0, 4), min_size=1), st.floats(0, 0.9))
def test_targets_are_probabilities_that_point_to_the_truth(truth, smoothing):
    targets = one_hot(np.array(truth), 5, smoothing)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(targets.argmax(axis=1), truth)
