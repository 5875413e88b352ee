import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.objects import Batch, Decision, Splits, Trained


def batch_of(texts):
    return Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String}), np.arange(len(texts)))


@given(st.lists(st.tuples(st.text(), st.booleans())))
def test_it_loses_no_row_when_it_drops_some(rows):
    batch = batch_of([text for text, _ in rows])
    kept = batch.keep(np.array([stays for _, stays in rows], dtype=bool), "step", "a reason")
    assert sorted([*kept.ids, *(drop.id for drop in kept.dropped)]) == list(range(len(rows)))
    assert all(drop.row["text"] == rows[drop.id][0] for drop in kept.dropped)


def test_it_keeps_a_reason_for_each_dropped_row():
    kept = batch_of(["a", "b", "c"]).keep([False, True, False], "step", ["first", "last"])
    assert [(drop.id, drop.reason) for drop in kept.dropped] == [(0, "first"), (2, "last")]
    assert kept["text"].to_list() == ["b"]


def test_it_takes_a_column_of_any_name():
    assert batch_of(["a"]).with_columns(self=["b"])["self"].to_list() == ["b"]


@given(st.lists(st.text()))
def test_it_loads_what_it_saved(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("batch")
    batch = batch_of(texts)
    batch.save(folder)
    again = Batch.load(folder)
    assert again.columns.equals(batch.columns)
    assert again.ids.tolist() == batch.ids.tolist()


def test_it_speaks_arrow():
    assert pl.DataFrame(batch_of(["a", "b"]))["text"].to_list() == ["a", "b"]


def test_it_numbers_classes_in_the_order_of_the_labels():
    columns = pl.DataFrame({"text": ["x", "y"], "label": ["b", "a"]})
    batch = Batch(columns, np.arange(2))
    splits = Splits(batch, batch, None, (), ("a", "b"), "text", "label")
    assert splits.targets("train").tolist() == [1, 0]
    assert set(splits.parts()) == {"train", "valid"}


def test_a_trained_model_loads_as_it_was_saved(tmp_path):
    trained = Trained(tmp_path, "minilm", ("a", "b"), 0.9, 0.8, 0.95, ({"epoch": 1.0},))
    trained.save()
    assert Trained.load(tmp_path) == trained


def test_a_decision_is_one_of_the_known_ones():
    with pytest.raises(ValueError, match="no action 'panic'; allowed: keep, retrain"):
        Decision("panic", ())
