"""What a cluster's workers do, without the cluster: learned in any number of shares, a step is the same."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rows import CHINESE, ENGLISH, batch_of, same_state, tabular_of
from trimtab.core.objects import Batch
from trimtab.core.step import ColumnStep, Step
from trimtab.data import engine_ray_tasks as tasks
from trimtab.data.blocks import cut
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.impute import Impute
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.outliers import Iqr, RobustZScore

TEXTS = batch_of(ENGLISH * 2 + tuple(text + "!" for text in ENGLISH) + CHINESE)
TABLE = tabular_of(60)


def learned_in_shares(step: Step, batch: Batch, blocks: int, shares: int) -> Step:
    """As the engine learns it, one task after another."""
    found = [tasks.surveyed(step, shares, False, block) for block in cut(batch, blocks)]
    assert all(block is None for block, *_ in found)
    if isinstance(step, ColumnStep):
        columns = zip(*(share for _, *share in found), strict=True)
        return step.gather([tasks.finished(step, *share) for share in columns])
    repeated = [tasks.repeated(*share) for share in zip(*(keys for _, _, *keys in found), strict=True)]
    picked = [tasks.picked(step, *block, *repeated) for _, *block in found]
    return step.conclude([tasks.settled(step, *share) for share in zip(*picked, strict=True)])


@pytest.mark.parametrize("shares", [2, 8, 64])
@pytest.mark.parametrize("blocks", [2, 7])
@pytest.mark.parametrize(
    ("step", "batch"),
    [
        (DropDuplicates(), TEXTS),
        (DropDuplicates(), TABLE),
        (NearDuplicates(similarity=0.7), TEXTS),
        (NearDuplicates(similarity=0.7, keep="longest"), TEXTS),
        (Impute(), TABLE),
        (Iqr(by=("city",)), TABLE),
        (RobustZScore(), TABLE),
    ],
    ids=lambda value: (
        f"{value.name}-{value.by if isinstance(value, Iqr) else ''}" if isinstance(value, Step) else None
    ),
)
def test_a_step_is_the_same_learned_in_shares(step, batch, blocks, shares):
    assert same_state(learned_in_shares(step, batch, blocks, shares), step.learn(batch))


words = st.lists(st.sampled_from(["a", "b", "card", "lost"]), max_size=6).map(" ".join)


@given(st.lists(st.one_of(st.none(), words), min_size=3, max_size=20), st.integers(2, 5))
def test_copies_are_the_same_learned_in_shares_of_any_texts(texts, shares):
    batch = batch_of(texts)
    for step in (DropDuplicates(), NearDuplicates(similarity=0.5)):
        assert same_state(learned_in_shares(step, batch, 3, shares), step.learn(batch))


def test_only_rows_whose_key_stands_twice_are_sent():
    step, batch = DropDuplicates(), batch_of(["a", "b", "c", "a", "d"])
    found = [tasks.surveyed(step, 2, False, block)[1:] for block in cut(batch, 2)]
    repeated = [tasks.repeated(*share) for share in zip(*(keys for _, *keys in found), strict=True)]
    sent = [picked for block in found for picked in tasks.picked(step, *block, *repeated)]
    assert sum(size for _, size, _ in sent) == 2
    ids = pl.concat([part for summary, *_ in sent for part, _ in summary])["id"]
    assert ids.to_list() == [batch.ids[0], batch.ids[3]]


def test_each_share_holds_its_own_range_of_keys_and_none_is_lost():
    keys = np.random.default_rng(0).integers(0, 2**64, 1000, dtype=np.uint64)
    step = DropDuplicates()
    batch = batch_of([str(key) for key in keys])
    _, (summary, rows), *shares = tasks.surveyed(step, 8, False, batch)
    made, own = step.keys(summary)
    assert np.array_equal(np.sort(own), np.concatenate(shares))
    assert np.array_equal(made[np.argsort(own)], rows)
    assert all(100 < len(share) < 150 for share in shares)
