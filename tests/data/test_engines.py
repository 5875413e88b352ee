"""The engine that the spec names: blocks cut by rows come out as one batch, whatever their number."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import CHINESE, ENGLISH, batch_of, same_state
from trimtab.core.objects import Batch
from trimtab.data import engine_local
from trimtab.data.duplicates import DropDuplicates
from trimtab.data.engine import apply_rows, learn_rows, opened
from trimtab.data.impute import Impute
from trimtab.data.outliers import Iqr

STEPS = (DropDuplicates(), Iqr(), Impute())
ROWS = batch_of(ENGLISH * 2 + CHINESE)
BLOCKS = 7


class Reversed:
    """The local engine on many blocks, which it hands back in the wrong order."""

    def learn(self, steps, blocks):
        assert BLOCKS <= len(blocks) <= BLOCKS + 1
        learned, after = engine_local.learn(steps, blocks)
        return learned, after[::-1]

    def cores(self):
        return 1

    def apply(self, steps, blocks):
        return engine_local.apply(steps, blocks)[::-1]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("trimtab.data.engine.BLOCK_BYTES", ROWS.columns.estimated_size() // BLOCKS)


def assert_equal(ours: Batch, theirs: Batch) -> None:
    assert ours.ids.tolist() == theirs.ids.tolist()
    assert ours.columns.equals(theirs.columns)
    assert [part.step for part in ours.dropped.parts] == [part.step for part in theirs.dropped.parts]
    assert ours.dropped == theirs.dropped


def test_it_gives_rows_and_drops_in_one_order_whatever_the_blocks():
    before = ROWS.keep(np.arange(len(ROWS)) > 0, "read", pl.Series(["no text"]))
    before = Batch(ROWS.columns, ROWS.ids, ROWS.modality, before.dropped)
    steps, rows = learn_rows(engine_local, STEPS, before)
    assert [part.step for part in rows.dropped.parts][:2] == ["read", "drop_duplicates"]
    others, same = learn_rows(Reversed(), STEPS, before)
    assert all(same_state(one, other) for one, other in zip(steps, others, strict=True))
    assert_equal(same, rows)
    assert_equal(apply_rows(Reversed(), steps[1:], before), apply_rows(engine_local, steps[1:], before))


def test_it_takes_no_rows_and_no_steps():
    nothing = ROWS.take(np.arange(0))
    assert len(learn_rows(engine_local, STEPS, nothing)[1]) == 0
    steps, rows = learn_rows(engine_local, (), ROWS)
    assert steps == ()
    assert_equal(rows, ROWS)


def test_it_opens_the_engine_of_this_machine():
    with opened("local") as engine:
        assert engine is engine_local
