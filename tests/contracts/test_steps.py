"""What every step promises, whatever it does: run over all of STEPS and FEATURES."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rows import CHINESE, ENGLISH, batch_of, blocks_of, same_state
from tiny import tiny_tokens
from trimtab.core.build_step import parameters
from trimtab.core.objects import Batch
from trimtab.core.step import Step, load_steps, save_steps
from trimtab.data import STEPS
from trimtab.features import FEATURES

SAMPLES = {
    "english": batch_of(ENGLISH),
    "chinese": batch_of(CHINESE),
    "empty": batch_of([]),
    "one row": batch_of(["Where is my card"]),
}
MISSING = batch_of([None, None, None], amount=pl.Series([None] * 3, dtype=pl.Float64))
ADDS_ROWS = {"random_edit"}
NEEDS = {"tokens": tiny_tokens}
"""Steps that cannot do without an argument; any other one is made by its name alone."""

every_step = pytest.mark.parametrize("name", [*STEPS, *FEATURES])
every_data_step = pytest.mark.parametrize("name", [*STEPS])
SERVED = [name for table in (STEPS, FEATURES) for name in table if not table.load(name).train_only]
every_sample = pytest.mark.parametrize("sample", SAMPLES)


def step_of(name: str) -> Step:
    kind = (STEPS if name in STEPS else FEATURES).load(name)
    return NEEDS[name]() if name in NEEDS else kind()


def check_rows(before: Batch, after: Batch, step: Step) -> None:
    gone = [drop.id for drop in after.dropped]
    old = after.ids[np.isin(after.ids, before.ids)]
    new = after.ids[~np.isin(after.ids, before.ids)]
    assert sorted([*old.tolist(), *gone]) == sorted(before.ids.tolist())
    assert len(np.unique(after.ids)) == len(after.ids) == after.columns.height
    assert len(new) == 0 or step.name in ADDS_ROWS
    assert all(drop.reason and drop.step == step.name and "text" in drop.row for drop in after.dropped)


@every_step
def test_it_is_registered_under_its_own_name_and_describes_itself(name):
    step = step_of(name)
    assert step.name == name
    assert type(step).__doc__
    assert set(step.learned) <= set(step.state())
    assert set(parameters(type(step))).isdisjoint({*step.learned, *step.files})


@every_step
@every_sample
def test_it_keeps_or_drops_every_row_with_a_reason(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    check_rows(batch, step(batch), step)


@every_data_step
def test_it_survives_rows_that_are_all_missing_and_drops_none_of_them(name):
    step = step_of(name).learn(MISSING)
    after = step(MISSING)
    assert after.ids.tolist() == MISSING.ids.tolist()
    assert after["text"].null_count() == 3


@every_step
@every_sample
@pytest.mark.parametrize("parts", [2, 5])
def test_it_learns_the_same_from_blocks_in_any_order_as_from_the_whole(name, sample, parts):
    batch = SAMPLES[sample]
    whole = step_of(name).learn(batch)
    blocks = blocks_of(batch, parts)
    assert same_state(step_of(name).learn_blocks(blocks), whole)
    assert same_state(step_of(name).learn_blocks(blocks[::-1]), whole)


@every_step
@every_sample
def test_it_does_the_same_to_blocks_and_to_rows_in_another_order(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    whole = by_id(step(batch))
    mixed = batch.take(np.random.default_rng(0).permutation(len(batch)))
    assert same_state(step.learn(mixed), step)
    assert by_id(step(mixed)).equals(whole)
    pieces = [step(block) for block in blocks_of(batch, 3)]
    assert by_id(*pieces).equals(whole)


@every_step
@every_sample
def test_it_comes_back_from_disk_as_it_was(name, sample, tmp_path):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    save_steps([step], tmp_path)
    (again,) = load_steps(tmp_path, STEPS, FEATURES)
    assert same_state(again, step)
    assert again(batch).columns.equals(step(batch).columns)


@pytest.mark.parametrize("name", sorted({*STEPS, *FEATURES} - ADDS_ROWS))
@every_sample
def test_it_done_twice_is_it_done_once(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    once = step(batch)
    assert step(once).columns.equals(once.columns)


@pytest.mark.parametrize("name", SERVED)
def test_it_keeps_the_rows_of_a_request_when_it_is_served(name):
    step = step_of(name).learn(SAMPLES["english"])
    request = Batch(SAMPLES["chinese"].columns.select("text"), np.arange(len(CHINESE)))
    assert step(request).ids.tolist() == request.ids.tolist()


@every_step
def test_it_leaves_its_input_and_itself_unchanged(name):
    batch = batch_of(ENGLISH)
    before, step = batch.columns.clone(), step_of(name)
    state = dict(step.state())
    step.learn(batch)(batch)
    assert batch.columns.equals(before)
    assert step.state() == state


def by_id(*batches: Batch) -> pl.DataFrame:
    frames = [batch.columns.with_columns(pl.Series("#", batch.ids)) for batch in batches if len(batch)]
    frames = frames or [batch.columns.with_columns(pl.Series("#", batch.ids)) for batch in batches[:1]]
    return pl.concat(frames).sort("#")
