"""What every step promises, whatever it does: run over all of STEPS and FEATURES."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import reduce
from typing import get_args

import numpy as np
import polars as pl
import pytest

from encoders import small_embed
from rows import (
    CHINESE,
    ENGLISH,
    batch_of,
    blocks_of,
    curves_of,
    embedded_of,
    images_of,
    same_state,
    series_of,
    tabular_of,
)
from tiny import tiny_tokens
from translators import rewriting
from trimtab.core.build_step import build_step, parameters
from trimtab.core.columns import ANY, marked
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.core.spec import StepSpec
from trimtab.core.step import MODALITIES, ColumnStep, Step, load_steps, save_steps
from trimtab.data import STEPS
from trimtab.data.kinds import kinds_of
from trimtab.features import FEATURES
from variants import VARIANTS

SAMPLES = {
    "english": batch_of(ENGLISH),
    "chinese": batch_of(CHINESE),
    "no text": batch_of([]),
    "one text": batch_of(["Where is my card"]),
    "table": tabular_of(40),
    "no record": tabular_of(0),
    "one record": tabular_of(1),
    "series": series_of(60),
    "no time": series_of(0),
    "one time": series_of(1),
    "curves": curves_of(12),
    "no curve": curves_of(0),
    "one curve": curves_of(1),
    "images": images_of(6),
    "no image": images_of(0),
    "one image": images_of(1),
    "embedded": embedded_of(12),
    "nothing embedded": embedded_of(0),
    "one embedded": embedded_of(1),
}
NEEDS: dict[str, Callable[[], Step]] = {
    "tokens": tiny_tokens,
    "embed": small_embed,
    "back_translation": rewriting,
}
"""Steps that cannot do without an argument; any other one is made by its name alone."""
ONLY: dict[str, str] = {
    # augmentation of whole series, one a row
    **dict.fromkeys(("jitter", "magnitude_scale", "window_slice", "window_warp"), "curves"),
    **dict.fromkeys(("lags", "rolling", "calendar", "fourier"), "series"),  # they read the column `time`
    "hampel": "series",
    "interpolate": "series",
    "rolling_impute": "series",
}
"""Steps that understand one form of series only: `series` (long) or `curves` (a list a row)."""
READS: dict[str, str] = {"semantic_duplicates": "embedding"}
"""Steps that read a column which a feature step makes: they, and only they, get the samples that have it."""
OWN_COLUMNS: frozenset[str] = frozenset({"mixup"})
"""Steps that know by columns they added which rows they have been through, so such columns are theirs."""
NOT_TWICE: frozenset[str] = frozenset({"hampel"})
"""Steps that change their own output again; each has a test that says why."""

ALL = [*STEPS, *FEATURES]


def kind_of(name: str) -> type[Step]:
    return (STEPS if name in STEPS else FEATURES).load(name)


def step_of(name: str) -> Step:
    if name in VARIANTS:
        step, _, more = VARIANTS[name]
        return build_step(StepSpec(name=step, parameters=more), STEPS if step in STEPS else FEATURES, "test")
    return NEEDS[name]() if name in NEEDS else kind_of(name)()


def understands(name: str, sample: str) -> bool:
    """A step that wants texts gets texts; one that takes any table gets the tables too."""
    if name in VARIANTS:
        return sample == VARIANTS[name][1]
    batch = SAMPLES[sample]
    if batch.modality not in kind_of(name).accepts:
        return False
    if name in READS or "embedding" in batch.columns.columns:
        return READS.get(name) in batch.columns.columns
    if batch.modality != "series" or name not in ONLY:
        return True
    return ("values" in batch.columns.columns) == (ONLY[name] == "curves")


def samples_of(names: list[str]) -> pytest.MarkDecorator:
    pairs = [(name, sample) for name in names for sample in SAMPLES if understands(name, sample)]
    return pytest.mark.parametrize(
        ("name", "sample"), pairs, ids=[f"{name}-{sample}" for name, sample in pairs]
    )


every_step = pytest.mark.parametrize("name", ALL)
every_step_and_sample = samples_of(ALL)
every_variant_too = samples_of([*ALL, *VARIANTS])


def all_missing(batch: Batch) -> Batch:
    """The batch without a single value."""
    empty = [pl.Series(name, [None] * len(batch), dtype=kind) for name, kind in batch.columns.schema.items()]
    return Batch(pl.DataFrame(empty), batch.ids, batch.modality)


def check_rows(before: Batch, after: Batch, step: Step) -> None:
    gone = [drop.id for drop in after.dropped]
    old = after.ids[np.isin(after.ids, before.ids)]
    new = after.ids[~np.isin(after.ids, before.ids)]
    assert sorted([*old.tolist(), *gone]) == sorted(before.ids.tolist())
    assert len(np.unique(after.ids)) == len(after.ids) == after.columns.height
    assert len(new) == 0 or step.adds_rows
    assert all(
        drop.reason and drop.step == step.name and drop.row.keys() == set(before.columns.columns)
        for drop in after.dropped
    )


@every_step
def test_it_is_registered_under_its_own_name_and_describes_itself(name):
    step = step_of(name)
    assert step.name == name
    assert type(step).__doc__
    assert type(step).accepts
    assert type(step).accepts <= MODALITIES
    assert set(step.learned) <= set(step.state())
    assert set(parameters(type(step))).isdisjoint({*step.learned, *step.files})


@every_variant_too
def test_it_keeps_or_drops_every_row_with_a_reason(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    check_rows(batch, step(batch), step)


@samples_of([*VARIANTS])
def test_it_has_something_to_do_where_it_runs_under_further_parameters(name, sample):
    batch = SAMPLES[sample]
    assert not step_of(name).learn(batch)(batch).columns.equals(batch.columns)


@samples_of([*STEPS])
def test_it_survives_rows_that_are_all_missing_and_drops_none_of_them(name, sample):
    missing = all_missing(SAMPLES[sample])
    after = step_of(name).learn(missing)(missing)
    assert np.isin(missing.ids, after.ids).all()
    assert after.dropped == ()


@every_variant_too
@pytest.mark.parametrize("parts", [2, 5])
def test_it_learns_the_same_from_blocks_in_any_order_as_from_the_whole(name, sample, parts):
    batch = SAMPLES[sample]
    whole = step_of(name).learn(batch)
    blocks = blocks_of(batch, parts, step_of(name).together)
    assert same_state(step_of(name).learn_blocks(blocks), whole)
    assert same_state(step_of(name).learn_blocks(blocks[::-1]), whole)


@samples_of([name for name in ALL if issubclass(kind_of(name), ColumnStep)])
def test_it_learns_the_same_from_shares_of_columns(name, sample):
    step, batch = step_of(name), SAMPLES[sample]
    check_shares(step, blocks_of(batch, 3, step.together), step.learn(batch))


def check_shares(step: ColumnStep, blocks: list[Batch], whole: Step) -> None:
    for shares in (2, 9):
        scattered = [step.scatter(step.partial(block), shares) for block in blocks]
        learned = [step.finish(reduce(step.merge, share)) for share in zip(*scattered, strict=True)]
        assert len(learned) == shares
        assert same_state(step.gather(learned[::-1]), whole)


@every_variant_too
def test_it_does_the_same_to_blocks_and_to_rows_in_another_order(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    whole = by_id(step(batch))
    mixed = batch.take(np.random.default_rng(0).permutation(len(batch)))
    assert same_state(step.learn(mixed), step)
    assert by_id(step(mixed)).equals(whole)
    pieces = [step(block) for block in blocks_of(batch, 3, step.together)]
    assert by_id(*pieces).equals(whole)


@every_variant_too
def test_it_comes_back_from_disk_as_it_was(name, sample, tmp_path):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    save_steps([step], tmp_path)
    (again,) = load_steps(tmp_path, STEPS, FEATURES)
    assert same_state(again, step)
    assert again(batch).columns.equals(step(batch).columns)


@samples_of([name for name in ALL if not kind_of(name).adds_rows and name not in NOT_TWICE])
def test_it_done_twice_is_it_done_once(name, sample):
    batch = SAMPLES[sample]
    step = step_of(name).learn(batch)
    once = step(batch)
    assert step(once).columns.equals(once.columns)


@samples_of([name for name in ALL if name not in OWN_COLUMNS])
def test_it_never_writes_over_a_column_of_the_data(name, sample):
    batch, step = SAMPLES[sample], step_of(name)
    if "flag" in get_args(parameters(type(step)).get("action")):
        step = replace(step, action="flag")
    added = set(step.learn(batch)(batch).columns.columns) - set(batch.columns.columns)
    for column in added:
        taken = batch.with_columns(**{column: ["mine"] * len(batch)})
        with pytest.raises(DataError, match=re.escape(f"would write over column '{column}'")):
            step.learn(taken)


@samples_of([name for name in ALL if not step_of(name).train_only])
def test_it_keeps_the_rows_of_a_request_and_asks_for_no_label_when_it_is_served(name, sample):
    step = step_of(name).learn(SAMPLES[sample])
    request = replace(SAMPLES[sample], columns=SAMPLES[sample].columns.drop("label"))
    assert step(request).ids.tolist() == request.ids.tolist()


@pytest.mark.parametrize(
    "name", [name for name in ALL if "text" in kind_of(name).accepts and not step_of(name).train_only]
)
def test_it_serves_a_request_that_is_nothing_but_a_text(name):
    step = step_of(name).learn(SAMPLES["english"])
    request = Batch(SAMPLES["chinese"].columns.select("text"), np.arange(len(CHINESE)))
    assert step(request).ids.tolist() == request.ids.tolist()


@every_step_and_sample
def test_it_leaves_its_input_and_itself_unchanged(name, sample):
    batch = SAMPLES[sample]
    before, step = batch.columns.clone(), step_of(name)
    state = dict(step.state())
    step.learn(batch)(batch)
    assert batch.columns.equals(before)
    assert step.state() == state


def by_id(*batches: Batch) -> pl.DataFrame:
    frames = [batch.columns.with_columns(pl.Series("#", batch.ids)) for batch in batches if len(batch)]
    frames = frames or [batch.columns.with_columns(pl.Series("#", batch.ids)) for batch in batches[:1]]
    return pl.concat(frames).sort("#")


NO_COLUMNS: frozenset[str] = frozenset(
    {"cache", "embeddings", "encoder", "file", "into", "keep", "pivot", "prefix", "review", "source", "table",
     "translator", "word", "block"}
)  # fmt: skip
"""Parameters of text that name no columns; those of `block` are joined, and checked by their step."""


def may_name_columns(hint: object) -> bool:
    return hint in (str, str | None, tuple[str, ...])


@every_step_and_sample
def test_it_tells_a_column_that_is_not_there_before_it_learns(name, sample):
    """What `check` says of columns that a parameter names, learning says too."""
    step, batch = step_of(name), SAMPLES[sample]
    columns = dict.fromkeys(batch.columns.columns, ANY)
    assert not [fault for fault in step.check(columns) if "no column" in fault.problem]
    for parameter, hint in parameters(type(step)).items():
        if (mark := marked(hint)) is None:
            told = f"mark `{parameter}` with the kinds of columns that it may name, or list it here"
            assert parameter in NO_COLUMNS or not may_name_columns(hint), told
            continue
        wrong = ("nowhere",) if isinstance(getattr(step, parameter), tuple) else "nowhere"
        lost = replace(step, **{parameter: wrong})
        assert "no column 'nowhere'" in [fault.problem for fault in lost.check(columns)]
        if mark.usual:
            continue  # not all steps read it, and none of every batch
        with pytest.raises(DataError, match="no column 'nowhere'"):
            lost.learn(batch)(batch)


ODD: dict[str, Callable[[int], pl.Series]] = {
    "floats": lambda n: pl.Series([float(at % 7) for at in range(n)]),
    "integers": lambda n: pl.Series([at % 5 for at in range(n)]),
    "truth values": lambda n: pl.Series([at % 2 == 0 for at in range(n)]),
    "dates": lambda n: pl.Series([date(2024, 1, 1) + timedelta(days=at) for at in range(n)]),
    "datetimes": lambda n: pl.Series([datetime(2024, 1, 1) + timedelta(hours=at) for at in range(n)]),
    "durations": lambda n: pl.Series([timedelta(hours=at) for at in range(n)]),
    "clock times": lambda n: pl.Series([time(at % 24) for at in range(n)]),
    "text": lambda n: pl.Series([f"where is card {at % 6}" for at in range(n)]),
    "categories": lambda n: pl.Series([f"c{at % 3}" for at in range(n)], dtype=pl.Categorical),
    "lists of numbers": lambda n: pl.Series([[1.0, float(at)] for at in range(n)]),
    "lists of text": lambda n: pl.Series([["a"]] * n),
    "lists with gaps": lambda n: pl.Series([[1.0, None]] * n),
    "structs": lambda n: pl.Series([{"a": 1}] * n),
    "bytes": lambda n: pl.Series([b"x"] * n),
    "nothing": lambda n: pl.Series([None] * n),
    **{
        f"nothing, of {kind}": lambda n, kind=kind: pl.Series([None] * n, dtype=kind)
        for kind in (pl.Float64, pl.Boolean, pl.String, pl.Date, pl.Duration, pl.List(pl.Float64))
    },
}
"""Columns of every kind, by number of rows."""


@samples_of([name for name in ALL if any(map(marked, parameters(kind_of(name)).values()))])
def test_it_tells_a_column_of_the_wrong_kind_before_it_learns(name, sample):
    """What `check` refuses, learning refuses in the same words; what it passes ends well, or in an error that
    says why: that of a column of lists depends on what these hold."""
    step, batch = step_of(name), SAMPLES[sample]
    for parameter, hint in parameters(type(step)).items():
        if (mark := marked(hint)) is None or mark.usual:
            continue
        odd = replace(step, **{parameter: ("odd",) if isinstance(getattr(step, parameter), tuple) else "odd"})
        for what, column in ODD.items():
            rows = batch.with_columns(odd=column(len(batch)))
            kinds = {name: kinds_of(kind) for name, kind in rows.columns.schema.items()}
            told = [fault.problem for fault in odd.check(kinds) if "'odd'" in fault.problem]
            if what.startswith("nothing") or len(batch) == 0:
                odd.learn(rows)(rows)
            elif told:
                with pytest.raises(DataError, match=re.escape(told[0])):
                    odd.learn(rows)(rows)
            else:
                with suppress(DataError) if what.startswith("lists") else nullcontext():
                    odd.learn(rows)(rows)
