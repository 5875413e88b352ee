"""The stages that learn: when they run again, and what the search may vary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parts.projects import small_project
from trimtab.core.errors import ConfigError
from trimtab.core.spec import FitSpec
from trimtab.core.spec_file import read_spec
from trimtab.core.store import Store
from trimtab.loop.chain import run
from trimtab.loop.learning import data_files, data_stage, feature_stage, train_stage
from trimtab.loop.stages import Workshop, nobody
from trimtab.models.pretrained import Pretrained

REVIEW = {"label_errors": {"action": "review", "review": "check.csv", "cut": "predicted_neq_given"}}


def test_it_prepares_the_rows_again_when_a_label_was_decided_on(tmp_path):
    read = read_spec(small_project(tmp_path / "project", clean=[REVIEW]))
    shop = Workshop(read.spec, read.folder, Store(tmp_path / "store"), nobody)
    first, rows = data_stage(shop, data_files(shop, read.place), read.place)
    again, _ = data_stage(shop, data_files(shop, read.place), read.place)
    assert again.hash == first.hash  # the file is there now, and says nothing new
    assert not data_stage(shop, data_files(shop, read.place), read.place)[0].fresh
    file = read.folder / "check.csv"
    head, line, *others = file.read_text(encoding="utf-8-sig").splitlines()
    number, _, *rest = line.split(",")
    file.write_text("\n".join([head, ",".join([number, "drop", *rest]), *others]), encoding="utf-8")
    decided, fewer = data_stage(shop, data_files(shop, read.place), read.place)
    assert decided.fresh
    assert decided.hash != first.hash
    assert len(fewer.train) == len(rows.train) - 1


def test_it_finds_the_stage_that_another_engine_made(tmp_path):
    read = read_spec(small_project(tmp_path / "project"))
    shop = Workshop(read.spec, read.folder, Store(tmp_path / "store"), nobody)
    made, _ = data_stage(shop, data_files(shop, read.place), read.place)
    nobody_there = read.spec.model_copy(update={"engine": "ray://127.0.0.1:1"})
    found, _ = data_stage(replace(shop, spec=nobody_there), data_files(shop, read.place), read.place)
    assert (found.hash, found.fresh) == (made.hash, False)


def shop_of(tmp_path, **sections):
    read = read_spec(small_project(tmp_path / "project", **sections))
    return Workshop(read.spec, read.folder, Store(tmp_path / "store"), nobody), read.place


@pytest.mark.parametrize(
    ("step", "content"),
    [
        ({"random_insert": {"table": "own.txt"}}, "card\t{}\n"),
        ({"embedding_neighbours": {"embeddings": "own.txt"}}, "2 2\ncard 1 0\n{} 1 0\n"),
    ],
    ids=["random_insert", "embedding_neighbours"],
)
def test_it_augments_again_when_a_file_beside_the_spec_changed(tmp_path, step, content):
    shop, place = shop_of(tmp_path, augment=[step])
    for word in ("plasticine", "cardboard"):
        (shop.folder / "own.txt").write_text(content.format(word))
        stage, rows = data_stage(shop, data_files(shop, place), place)
        assert stage.fresh
        assert rows.train["text"].str.contains(word).any()
        assert not data_stage(shop, data_files(shop, place), place)[0].fresh


def test_it_hashes_the_files_of_two_steps_of_one_name(tmp_path):
    shop, place = shop_of(
        tmp_path, augment=[{"synonym": {"table": "a.txt"}}, {"synonym": {"table": "b.txt"}}]
    )
    seen = []
    for content in ("card\tplastic\n", "card\tpaper\n"):
        (shop.folder / "a.txt").write_text(content)
        (shop.folder / "b.txt").write_text("card\tplastic\n")
        seen.append(data_files(shop, place))
    assert seen[0] != seen[1]


def test_it_makes_features_again_when_a_file_beside_the_spec_changed(tmp_path):
    shop, place = shop_of(tmp_path, features=["tokens", {"word2vec": {"file": "own.txt"}}])
    data, rows = data_stage(shop, data_files(shop, place), place)
    found = []
    for vector in ("1 0", "0 1"):
        (shop.folder / "own.txt").write_text(f"1 2\ncard {vector}\n")
        stage, made = feature_stage(shop, data, rows, place)
        assert stage.fresh
        found.append(made.valid["word2vec"].to_list())
        assert not feature_stage(shop, data, rows, place)[0].fresh
    assert [1, 0] in found[0]
    assert [0, 1] in found[1]


def test_it_embeds_again_when_the_encoder_beside_the_spec_changed(tmp_path):
    shop, place = shop_of(tmp_path, clean=[{"semantic_duplicates": {"encoder": "encoder"}}])
    before = data_files(shop, place)
    assert before == data_files(shop, place)
    (shop.folder / "encoder" / "tokenizer.json").write_text("{}")
    assert before != data_files(shop, place)


def trials_of(folder, fit):
    """The settings tried of four, where the spec states `fit`."""
    tune = {"trials": 4, "sampler": "random"}
    read = read_spec(small_project(folder / "project", tune=tune))
    spec = read.spec.model_copy(update={"model": read.spec.model.model_copy(update={"fit": FitSpec(**fit)})})
    shop = Workshop(spec, read.folder, Store(folder / "store"), nobody)
    data, rows = data_stage(shop, data_files(shop, read.place), read.place)
    features, rows = feature_stage(shop, data, rows, read.place)
    (tried,) = train_stage(shop, features, rows).trials.values()
    return [set(trial.parameters) for trial in tried]


def test_its_search_leaves_alone_what_the_spec_states(tmp_path):
    stated = {"epochs": 1, "learning_rate": 2e-3, "batch_size": 64}
    first, *others = trials_of(tmp_path, stated)
    assert first == set()
    assert others == [set(Pretrained.space) - set(stated)] * 3


def test_its_search_ends_where_the_spec_states_everything(tmp_path):
    stated = {"learning_rate": 2e-3, "head_learning_rate": 2e-3, "dropout": 0, "weight_decay": 0.01}
    stated |= {"label_smoothing": 0, "batch_size": 64, "warmup": 0.1, "epochs": 1}
    assert trials_of(tmp_path, stated) == [set()]


def test_it_refuses_longer_texts_than_the_encoder_has_positions_for_before_it_starts(tmp_path):
    file, told = small_project(tmp_path / "project", features=[{"tokens": {"max_length": 513}}]), []
    with pytest.raises(ConfigError, match=r"trimtab\.yaml:\d+: tokens.max_length is 513, and '.*' has posit"):
        run(file, tell=told.append)
    assert told == []
