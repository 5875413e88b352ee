"""From files to splits: what is learnt, what is dropped, and what is never touched."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import trimtab
from rows import batch_of, same_state
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.objects import Splits
from trimtab.core.spec import Spec
from trimtab.core.splits import load_splits, save_splits
from trimtab.core.store import folder_hash
from trimtab.data import STEPS
from trimtab.data.neighbours import EmbeddingNeighbours
from trimtab.data.prepare import count_kinds, located, plan_steps, prepare
from trimtab.data.semantic_duplicates import SemanticDuplicates
from trimtab.data.synonyms import Synonym

BANKING = Path(trimtab.__file__).parent / "examples" / "banking77" / "data"
CLEAN = [{"drop_duplicates": {}}, {"near_duplicates": {"similarity": 0.9}}, {"impute": {}}]


def spec_of(**sections) -> Spec:
    data = {"train": "train.csv", "test": "test.csv", "text": "text", "label": "label", "validation": 0.25}
    basis = {"version": 1, "task": "text-classification", "data": data, "clean": CLEAN, "budget": {}}
    return Spec.model_validate(basis | sections)


def write(folder: Path, train: str, test: str = "text,label,n\nanother thing,x,\n") -> Path:
    (folder / "train.csv").write_text("text,label,n\n" + train, encoding="utf-8")
    (folder / "test.csv").write_text(test, encoding="utf-8")
    return folder


def rows(n: int = 40) -> str:
    words = ["cash", "card", "pin", "fee", "rate", "top", "money", "bank", "safe", "slow"]
    lines = [f"{words[at % 10]} {words[at * 3 % 7]} question {at},{'xy'[at % 2]}," for at in range(n)]
    return "\n".join(line + ("" if at % 3 else str(at)) for at, line in enumerate(lines)) + "\n"


@pytest.fixture(scope="module")
def banking() -> Splits:
    data = {"train": "train.csv", "test": "test.csv", "text": "text", "label": "category"}
    return prepare(spec_of(data=data, augment=[{"random_edit": {}}], clean=[*CLEAN, "iqr"]), BANKING)


def test_it_drops_what_means_the_same_to_an_encoder(tmp_path):
    planted = "How do I reset my password?,x,\nHow can I reset my password?,x,\n"
    step = {"semantic_duplicates": {"encoder": "minilm"}}
    splits = prepare(spec_of(clean=[step]), write(tmp_path, planted + rows()))
    (drop,) = splits.dropped["train"]
    assert (drop.id, drop.reason) == (1, "semantic duplicate of row 0 (cosine 0.992)")


def test_it_accounts_for_every_row_of_banking77(banking):
    facts = banking.facts
    assert facts["read"] == {"train": 10003, "test": 3080}
    lost = sum(entry["rows"] for entry in facts["dropped"])
    assert facts["kept"]["train"] + facts["kept"]["valid"] + lost == 10003
    assert facts["kept"]["train"] + facts["augmented"] == len(banking.train)
    (copies,) = facts["augmentation"]
    assert (copies.pop("step"), copies["kept"]) == ("random_edit", facts["augmented"])
    assert sum(copies.values()) == facts["kept"]["train"]
    assert facts["kept"]["test"] == len(banking.test) == 3080
    assert len(banking.labels) == 77
    assert sum(facts["labels"]["before"].values()) == 10003
    assert facts["lengths"]["after"]["max"] <= facts["lengths"]["before"]["max"] == 433


def test_it_finds_the_leaks_of_banking77_and_leaves_none(banking):
    leaks = banking.facts["leakage"]
    assert (leaks["train_test"]["exact"], leaks["train_test"]["near"]) == (7, 31)
    assert (leaks["train_valid"]["exact"], leaks["train_valid"]["near"]) == (0, 0)
    reasons = [drop.reason for drop in banking.dropped["train"] if drop.step == "leak"]
    assert "leak: same text as test row 554" in reasons


def test_it_drops_the_near_copies_of_banking77_with_their_likeness(banking):
    drops = [drop for drop in banking.dropped["train"] if drop.step == "near_duplicates"]
    assert len(drops) == 44
    assert all(drop.reason.startswith("near duplicate of row") for drop in drops)
    said = {one["step"]: one for one in banking.facts["copies"]}
    assert said["near_duplicates"]["dropped"] == 44
    assert said["near_duplicates"]["conflicts"] == len(said["near_duplicates"]["conflicting"])


def test_it_drops_outliers_from_train_alone(banking):
    assert banking.valid["text"].str.len_chars().max() > banking.steps[-2].bounds[0][2]
    assert banking.dropped["valid"] == banking.dropped["test"] == ()


def test_it_counts_reasons_without_the_numbers_of_a_row():
    batch = batch_of(["a", "b", "c"])
    reasons = ["near duplicate of row 1234 (Jaccard 0.93)", "near duplicate of row 7 (Jaccard 1.00)", "5e+3"]
    counts = count_kinds(batch.keep([False] * 3, "copies", reasons).dropped)
    assert counts == {("copies", "near duplicate of row N (Jaccard N)"): 2, ("copies", "N"): 1}


def test_it_saves_and_loads_splits_without_a_difference(banking, tmp_path):
    save_splits(banking, tmp_path / "one")
    again = load_splits(tmp_path / "one", STEPS)
    assert all(again.parts()[name].columns.equals(part.columns) for name, part in banking.parts().items())
    assert again.train.ids.tolist() == banking.train.ids.tolist()
    assert all(same_state(left, right) for left, right in zip(again.steps, banking.steps, strict=True))
    assert again.dropped == banking.dropped
    assert (again.labels, again.text, again.label) == (banking.labels, "text", "category")
    assert again.facts == banking.facts
    save_splits(again, tmp_path / "two")
    assert folder_hash(tmp_path / "one") == folder_hash(tmp_path / "two")


def test_it_locates_files_but_no_names_of_models(tmp_path):
    steps = (
        EmbeddingNeighbours(),
        EmbeddingNeighbours(embeddings="words.txt"),
        Synonym(),
        Synonym(table="own"),
    )
    packed, words, shipped, own = located(steps, tmp_path)
    assert (packed.embeddings, shipped.table) == ("minilm", None)
    assert (words.embeddings, own.table) == (str(tmp_path / "words.txt"), str(tmp_path / "own"))
    for name in ("minilm", "near"):
        (tmp_path / name).mkdir()
    named = [SemanticDuplicates(encoder=name) for name in ("minilm", "near", "org/far")]
    assert [step.encoder for step in located(named, tmp_path)] == [
        "minilm",
        str(tmp_path / "near"),
        "org/far",
    ]


def test_it_makes_the_same_folder_from_the_same_input(tmp_path):
    write(tmp_path, rows())
    for name in ("one", "two"):
        save_splits(prepare(spec_of(augment=["random_edit"]), tmp_path), tmp_path / name)
    assert folder_hash(tmp_path / "one") == folder_hash(tmp_path / "two")


def test_it_learns_from_train_rows_alone_and_fills_all_parts(tmp_path):
    splits = prepare(spec_of(), write(tmp_path, rows()))
    (impute,) = [step for step in splits.steps if not step.train_only]
    raw = [int(text.rsplit(" ", 1)[1]) for text in splits.train["text"]]
    known = sorted(at for at in raw if at % 3 == 0)
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    assert impute.fills == (("n", middle),)
    assert all(part["n"].null_count() == 0 for part in splits.parts().values())


def test_a_column_of_text_is_one_in_the_test_file_too_where_that_holds_numbers_alone(tmp_path):
    train = rows().rstrip("\n") + "A1\n"
    splits = prepare(spec_of(), write(tmp_path, train, "text,label,n\nanother thing,x,7\nand one,y,\n"))
    assert splits.test["n"][0] == "7"
    assert splits.train["n"].dtype == splits.test["n"].dtype == pl.String


def test_it_works_without_test_rows(tmp_path):
    write(tmp_path, rows())
    splits = prepare(spec_of(data={"train": "train.csv"}), tmp_path)
    assert splits.test is None
    assert "train_test" not in splits.facts["leakage"]
    save_splits(splits, tmp_path / "s")
    assert load_splits(tmp_path / "s", STEPS).test is None


def test_it_names_the_test_row_whose_label_train_does_not_know(tmp_path):
    write(tmp_path, rows(), 'text,label,n\n"a\nb",x,\nc,xy,\n')
    with pytest.raises(
        DataError, match=r"test.csv:4: label 'xy' of test row 1 does not occur in train; did you"
    ):
        prepare(spec_of(), tmp_path)


def test_it_says_when_a_class_is_lost_to_cleaning_or_there_is_but_one(tmp_path):
    write(tmp_path, rows() + "another thing,z,\n")
    with pytest.raises(DataError, match=r"train.csv: cleaning leaves no train row of class 'z'"):
        prepare(spec_of(), tmp_path)
    write(tmp_path, "a,x,\nb,x,\n")
    with pytest.raises(DataError, match="train holds one class only"):
        prepare(spec_of(), tmp_path)


def test_it_takes_column_names_and_seed_from_the_spec_unless_the_step_has_its_own():
    spec = spec_of(
        data={"train": "t.csv", "text": "query", "label": "intent"},
        clean=["drop_duplicates", {"iqr": {"columns": ["n"], "text": "title"}}],
        augment=["random_edit"],
        seed=7,
    )
    (drop, iqr), (edit,) = plan_steps(spec)
    assert (drop.text, drop.label, iqr.text, iqr.columns) == ("query", "intent", "title", ("n",))
    assert edit.seed == 7


def test_it_refuses_to_augment_by_a_step_that_changes_other_rows():
    with pytest.raises(ConfigError, match=r"augment.0: step 'impute' changes more than train rows"):
        plan_steps(spec_of(augment=["impute"]))


def test_it_writes_the_review_of_labels_beside_the_spec_and_does_as_decided(tmp_path):
    write(tmp_path, rows())
    spec = spec_of(
        clean=[{"label_errors": {"action": "review", "review": "check.csv", "cut": "predicted_neq_given"}}]
    )
    first = prepare(spec, tmp_path)
    told = first.facts["steps"]["label_errors"]
    assert told["judged"] == len(first.train)
    assert told["suspects"] > 0
    file = tmp_path / "check.csv"
    head, line, *others = file.read_text(encoding="utf-8-sig").splitlines()
    number, decision, *rest = line.split(",")
    assert decision == ""
    file.write_text("\n".join([head, ",".join([number, "drop", *rest]), *others]), encoding="utf-8")
    second = prepare(spec, tmp_path)
    assert [(drop.id, drop.reason) for drop in second.dropped["train"]] == [
        (int(number), "label wrong, as reviewed")
    ]
    assert len(second.train) == len(first.train) - 1


def test_it_looks_for_the_files_of_steps_beside_the_spec(tmp_path, monkeypatch):
    spec_folder, elsewhere = tmp_path / "spec", tmp_path / "elsewhere"
    for folder in (spec_folder, elsewhere):
        folder.mkdir()
    monkeypatch.chdir(elsewhere)
    write(spec_folder, rows())
    (spec_folder / "own.tsv").write_text("card\tplastic\n", encoding="utf-8")
    shifted = {"translator": "command", "options": {"command": "tr a-z b-za"}, "cache": "kept.sqlite"}
    augment = [{"synonym": {"table": "own.tsv"}}, {"back_translation": shifted}]
    splits = prepare(spec_of(augment=augment), spec_folder)
    assert any("plastic" in text for text in splits.train["text"])
    assert (spec_folder / "kept.sqlite").is_file()
    assert not list(elsewhere.iterdir())
