"""The engine of one machine: blocks or whole, the rows and the learned steps are the same."""

from __future__ import annotations

from functools import reduce

import polars as pl
import pytest

from rows import ENGLISH, batch_of, blocks_of, same_state, tabular_of
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.engine_local import apply, learn
from trimtab.data.impute import Impute
from trimtab.data.isolation_forest import IsolationForest
from trimtab.data.label_errors import LabelErrors
from trimtab.data.near_duplicates import NearDuplicates
from trimtab.data.outliers import Iqr
from trimtab.data.oversample import Oversample

STEPS = (DropDuplicates(), NearDuplicates(similarity=0.8), Iqr(), Impute())
BATCH = batch_of(ENGLISH)


def test_it_runs_a_chain_over_blocks_as_over_the_whole():
    steps, (whole,) = learn(STEPS, [BATCH])
    others, blocks = learn(STEPS, blocks_of(BATCH, 4))
    assert all(same_state(left, right) for left, right in zip(steps, others, strict=True))
    assert pl.concat([block.columns for block in blocks]).equals(whole.columns)
    assert sorted(drop.id for block in blocks for drop in block.dropped) == sorted(
        d.id for d in whole.dropped
    )


def test_it_learns_each_step_from_what_the_ones_before_left():
    steps, (whole,) = learn(STEPS, [BATCH])
    assert len(whole) < len(BATCH)
    (again,) = apply(steps, [BATCH])
    assert again.columns.equals(whole.columns)
    alone = Iqr().learn(BATCH)
    assert steps[2].bounds != alone.bounds


@pytest.mark.parametrize("step", [IsolationForest(), LabelErrors(), Oversample()])
def test_it_copies_no_row_to_merge_the_rows_of_two_blocks(step):
    blocks = [step.partial(block) for block in blocks_of(tabular_of(40), 5)]
    _, parts = reduce(step.merge, blocks)
    assert len(parts) == 5
    assert all(part is block[1][0] for part, block in zip(parts, blocks, strict=True))
