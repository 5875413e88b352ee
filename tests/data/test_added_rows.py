"""Added rows: free ids that lead back to a row, and random numbers that do not depend on blocks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import blocks_of, curves_of, images_of
from trimtab.core.objects import Batch
from trimtab.data import STEPS
from trimtab.data.added_rows import AddedRows, extended

BATCHES = {
    "image": images_of(6),
    "series": curves_of(12),
    "tabular": Batch(
        pl.DataFrame({"x": np.arange(9.0), "label": ["a", "b", "b"] * 3}), np.arange(9), "tabular"
    ),
}
COPYING = [
    *((name, "image") for name in ("rotate", "crop", "colour_jitter", "erase", "mixup")),
    *((name, "series") for name in ("jitter", "magnitude_scale", "window_slice", "window_warp")),
    ("gaussian_noise", "tabular"),
]
every_copying_step = pytest.mark.parametrize(("name", "modality"), COPYING)


@every_copying_step
def test_it_makes_as_many_copies_as_asked_and_keeps_the_label(name, modality):
    batch = BATCHES[modality]
    step = STEPS.load(name)(copies=3).learn(batch)
    after = step(batch)
    assert len(after) == 4 * len(batch)
    assert after.ids[: len(batch)].tolist() == batch.ids.tolist()
    label = dict(zip(batch.ids.tolist(), batch["label"], strict=True))
    assert [label[at % (step.base + 1)] for at in after.ids.tolist()] == after["label"].to_list()


@every_copying_step
def test_it_repeats_itself_by_seed_and_not_otherwise(name, modality):
    batch = BATCHES[modality]
    first, again, other = (STEPS.load(name)(seed=seed).learn(batch)(batch).columns for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


@every_copying_step
def test_it_copies_about_the_share_of_rows_asked_for_and_the_same_ones_in_any_block(name, modality):
    batch = BATCHES[modality]
    step = STEPS.load(name)(share=0.5, copies=20).learn(batch)
    new = len(step(batch)) - len(batch)
    expected = 10 * len(batch)
    assert abs(new - expected) < 5 * np.sqrt(expected / 2)  # five standard deviations of a binomial
    pieces = [step(block).ids for block in blocks_of(batch, 3, step.together)]
    assert sorted(np.concatenate(pieces).tolist()) == sorted(step(batch).ids.tolist())


def test_it_draws_other_numbers_for_other_steps_rows_and_copies():
    rows = np.array([1, 2])
    jitter, scale = STEPS.load("jitter")(), STEPS.load("magnitude_scale")()
    drawn = [rng.random() for step in (jitter, scale) for copy in (1, 2) for rng in step.draws(rows, copy)]
    assert len(set(drawn)) == 8


def test_it_says_when_it_has_not_learned():
    with pytest.raises(ValueError, match="call learn first"):
        STEPS.load("jitter")()(BATCHES["series"])


def test_it_gives_new_rows_ids_above_all_others():
    step = AddedRows(base=9)
    assert step.new_ids(np.array([0, 9]), 2).tolist() == [20, 29]
    batch = Batch(pl.DataFrame({"a": [1, 2]}), np.array([0, 9]))
    after = extended(batch, np.array([1]), np.array([29]), {"a": [5]})
    assert after.columns["a"].to_list() == [1, 2, 5]
    assert after.ids.tolist() == [0, 9, 29]
