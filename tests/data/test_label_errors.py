"""Label errors: planted ones are found, dropped, or decided on by a person and a CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cleanlab.filter import find_label_issues

from rows import batch_of, blocks_of, images_of, same_state
from trimtab.core.errors import DataError, EnvironmentFault
from trimtab.core.objects import Batch
from trimtab.core.step import load_steps, save_steps
from trimtab.data import STEPS, held_out
from trimtab.data.confident import doubts
from trimtab.data.label_errors import LabelErrors

WORDS = {
    "card": "lost stolen blocked card pin",
    "money": "transfer top up balance cash",
    "app": "log in crash update phone",
}
WRONG = {4: "app", 31: "app", 58: "app"}
"""Rows of `texts_batch` whose label is not that of their words."""


def texts_batch() -> Batch:
    """60 short texts of three clear classes, in turn; the labels of three of them are wrong."""
    rng = np.random.default_rng(0)
    names = list(WORDS)
    texts, labels = [], []
    for at in range(60):
        true = names[at % 3]
        texts.append(" ".join(rng.choice(WORDS[true].split(), 6)) + f" {at}")
        labels.append(WRONG.get(at, true))
    made = batch_of(texts, labels)
    return Batch(made.columns, np.arange(60))


BATCH = texts_batch()


def given(batch: Batch) -> dict[int, str]:
    return dict(zip(batch.ids.tolist(), batch["label"].to_list(), strict=True))


def edit(path: Path, decisions: dict[int, str], separator: str = ",") -> None:
    """Fill the column `decision`, as a person does in a spreadsheet."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    for line in lines:
        line["decision"] = decisions.get(int(line["id"]), "")
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0], delimiter=separator)
        writer.writeheader()
        writer.writerows(lines)


def test_it_finds_the_planted_errors_and_says_what_they_should_be():
    step = LabelErrors().learn(BATCH)
    assert {row for row, *_ in step.suspects} == set(WRONG)
    for row, said, suggested, score in step.suspects:
        assert said == WRONG[row]
        assert suggested == list(WORDS)[row % 3]
        assert 0 <= score < 0.5
    assert [score for *_, score in step.suspects] == sorted(score for *_, score in step.suspects)
    assert step(BATCH) is BATCH


def test_it_tells_the_report_the_ranked_rows():
    told = LabelErrors().learn(BATCH).facts()
    assert (told["judged"], told["suspects"], told["decided"]) == (60, 3, {})
    assert {row["id"] for row in told["ranked"]} == set(WRONG)
    assert set(told["ranked"][0]) == {"id", "given", "suggested", "score"}


def test_it_drops_the_suspects_with_a_reason():
    step = LabelErrors(action="drop").learn(BATCH)
    after = step(BATCH)
    assert sorted(drop.id for drop in after.dropped) == sorted(WRONG)
    assert len(after) == 57
    assert all("label likely wrong: rather '" in drop.reason for drop in after.dropped)
    assert step(after).ids.tolist() == after.ids.tolist()


def test_it_asks_cleanlab_with_probabilities_of_models_that_have_not_seen_the_row():
    names, classes = np.unique(BATCH["label"].to_numpy(), return_inverse=True)
    texts = held_out.text_features(BATCH["text"])
    fold = held_out.folds(BATCH.ids, classes, 5, 0)
    found = held_out.probabilities(texts, classes, fold, held_out.text_model())
    assert found.sum(axis=1) == pytest.approx(1)
    one = fold == 3
    alone = held_out.text_model().fit(texts[~one], classes[~one]).predict_proba(texts[one])
    assert found[one] == pytest.approx(alone)
    for cut in ("prune_by_noise_rate", "both", "confident_learning", "predicted_neq_given"):
        issues = find_label_issues(classes, found, filter_by=cut, n_jobs=1)
        assert np.array_equal(doubts(classes, found, cut, "self_confidence", "label_errors").suspect, issues)
        step = LabelErrors(cut=cut).learn(BATCH)
        assert {row for row, *_ in step.suspects} == set(BATCH.ids[issues].tolist())
        assert {suggested for _, _, suggested, _ in step.suspects} <= set(names)


def test_it_makes_folds_of_equal_size_in_every_class_whatever_the_order():
    classes = np.repeat([0, 1, 2], [50, 23, 7])
    ids = np.arange(80) * 11
    fold = held_out.folds(ids, classes, 5, 0)
    for one in range(3):
        sizes = np.bincount(fold[classes == one], minlength=5)
        assert sizes.max() - sizes.min() <= 1
    mixed = np.random.default_rng(0).permutation(80)
    assert np.array_equal(held_out.folds(ids[mixed], classes[mixed], 5, 0), fold[mixed])
    assert not np.array_equal(held_out.folds(ids, classes, 5, 1), fold)


def test_it_learns_the_same_from_blocks_and_comes_back_from_disk(tmp_path):
    step = LabelErrors(action="drop").learn(BATCH)
    again = LabelErrors(action="drop").learn_blocks(blocks_of(BATCH, 4)[::-1])
    assert same_state(step, again)
    save_steps([step], tmp_path)
    assert same_state(load_steps(tmp_path, STEPS)[0], step)


def test_it_does_not_judge_rare_classes_or_rows_without_label_or_text():
    labels = ["rare"] * 4 + [None, *BATCH["label"][5:]]
    texts = [*BATCH["text"][:9], None, *BATCH["text"][10:]]
    batch = BATCH.with_columns(label=pl.Series(labels, dtype=pl.String), text=pl.Series(texts))
    step = LabelErrors().learn(batch)
    assert step.judged == 60 - 4 - 1 - 1
    assert {row for row, *_ in step.suspects} == {31, 58}


def test_it_goes_round_by_csv(tmp_path):
    """Write, decide, do as decided, and never ask again about a decided row."""
    path = tmp_path / "review" / "labels.csv"
    step = LabelErrors(action="review", review=str(path))
    first = step.learn(BATCH)
    assert first(BATCH) is BATCH
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [int(line["id"]) for line in lines] == [row for row, *_ in first.suspects]
    assert all(line["content"] == BATCH["text"][int(line["id"])] for line in lines)
    edit(path, {4: "keep", 31: "drop", 58: "money"})
    second = step.learn(BATCH)
    after = second(BATCH)
    assert [drop.id for drop in after.dropped] == [31]
    assert given(after) == {row: label for row, label in (given(BATCH) | {58: "money"}).items() if row != 31}
    assert second.suspects == ()
    assert second.facts()["decided"] == {"keep": 1, "drop": 1, "relabel": 1}
    content = path.read_bytes()
    assert same_state(step.learn(BATCH), second)
    assert path.read_bytes() == content


def test_it_keeps_asking_about_rows_that_nobody_decided_on(tmp_path):
    path = tmp_path / "labels.csv"
    step = LabelErrors(action="review", review=str(path))
    step.learn(BATCH)
    edit(path, {31: "drop"}, separator=";")
    step.learn(BATCH)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        decided = {int(line["id"]): line["decision"] for line in csv.DictReader(stream)}
    assert decided == {4: "", 31: "drop", 58: ""}


@pytest.mark.parametrize(
    "content", ['say "card", or; card\nand\r\nmore\u2028end', "=1+1 卡丢了", "  spaced  "]
)
def test_it_brings_any_text_back_from_the_file(content, tmp_path):
    texts = [*BATCH["text"]]
    texts[4] = f"{content} card pin lost"
    batch = BATCH.with_columns(text=pl.Series(texts))
    step = LabelErrors(action="review", review=str(tmp_path / "r.csv"), cut="predicted_neq_given")
    assert 4 in {row for row, *_ in step.learn(batch).suspects}
    edit(tmp_path / "r.csv", {4: "drop"})
    assert [drop.id for drop in step.learn(batch)(batch).dropped] == [4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({58: "ap"}, "decision 'ap' on row 58 is neither keep, drop nor a label; did you mean 'app'?"),
        ({58: "Keep"}, "did you mean 'keep'?"),
    ],
)
def test_it_says_what_is_wrong_with_a_decision(change, message, tmp_path):
    step = LabelErrors(action="review", review=str(tmp_path / "labels.csv"))
    step.learn(BATCH)
    edit(tmp_path / "labels.csv", change)
    with pytest.raises(DataError) as raised:
        step.learn(BATCH)
    assert message in str(raised.value)


def test_it_refuses_decisions_on_rows_that_are_others_now(tmp_path):
    step = LabelErrors(action="review", review=str(tmp_path / "labels.csv"))
    step.learn(BATCH)
    edit(tmp_path / "labels.csv", {58: "drop"})
    shifted = Batch(BATCH.columns, BATCH.ids + 3)
    with pytest.raises(DataError, match="row 58 is not the row that was decided on: the data have changed"):
        step.learn(shifted)
    without = BATCH.take(np.flatnonzero(BATCH.ids != 58))
    assert step.learn(without)(without).dropped == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column 'id'; delete the file"),
        (f"id,decision,given,suggested,score,content\n1,,a,b,0.1,{'x' * 131_073}\n", r":2: no CSV \(field"),
        ("id,decision,given,suggested,score,content\nx,,a,b,0.1,t\n", ":2: no row number or no score"),
        (
            "id,decision,given,suggested,score,content\n1,,a,b,0.1,t\n1,,a,b,0.1,t\n",
            "row 1 stands here a second",
        ),
    ],
)
def test_it_says_what_is_wrong_with_the_file(text, message, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        LabelErrors(action="review", review=str(path)).learn(BATCH)


def test_it_says_when_it_cannot_write_the_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        LabelErrors(action="review", review=str(tmp_path / "file" / "labels.csv")).learn(BATCH)


def test_it_wants_the_file_in_utf_8(tmp_path):
    (tmp_path / "labels.csv").write_bytes("id,décision".encode("cp1252"))
    with pytest.raises(DataError, match=r"labels.csv: not UTF-8 \(byte 4\); save it as CSV UTF-8"):
        LabelErrors(action="review", review=str(tmp_path / "labels.csv")).learn(BATCH)


def test_it_reads_an_embedding_where_one_is_named():
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 3
    vectors = np.eye(3)[classes] * 3 + rng.normal(0, 0.3, (60, 3))
    batch = BATCH.with_columns(vector=pl.Series(vectors.tolist()), text=pl.Series(["same"] * 60))
    step = LabelErrors(embedding="vector").learn(batch)
    assert {row for row, *_ in step.suspects} == set(WRONG)
    with pytest.raises(DataError, match="no column 'vectors'; did you mean 'vector'"):
        LabelErrors(embedding="vectors").learn(batch)


def test_it_judges_tables_with_gaps_and_categories_and_relabels_in_the_labels_own_type(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    label = truth.copy()
    wrong = [7, 77, 277]
    label[wrong] = 1 - label[wrong]
    columns = {
        "x": [
            None if at % 10 == 0 else float(t * 4 + e)
            for at, (t, e) in enumerate(zip(truth, rng.normal(0, 1, 300), strict=True))
        ],
        "city": pl.Series([("Bern", "", None)[at % 3] if t else "上海" for at, t in enumerate(truth)]),
        "label": label,
    }
    batch = Batch(pl.DataFrame(columns), np.arange(300), modality="tabular")
    step = LabelErrors(action="review", review=str(tmp_path / "r.csv"))
    assert set(wrong) <= {row for row, *_ in step.learn(batch).suspects}
    edit(tmp_path / "r.csv", {row: str(truth[row]) for row in wrong})
    after = step.learn(batch)(batch)
    assert after["label"].dtype == pl.Int64
    assert after["label"].to_numpy()[wrong].tolist() == truth[wrong].tolist()


def test_a_column_of_the_users_own_may_be_called_as_row_numbers_are():
    columns = {"text": BATCH["text"], "#": BATCH["label"]}
    batch = Batch(pl.DataFrame(columns), BATCH.ids, BATCH.modality)
    assert LabelErrors(label="#").learn(batch).suspects == LabelErrors().learn(BATCH).suspects


def test_it_judges_pictures_by_their_pixels():
    some = images_of(40)
    light = [at % 2 for at in range(40)]
    pictures = [images_with(level=60 + 120 * one, seed=at) for at, one in enumerate(light)]
    labels = ["light" if one else "dark" for one in light]
    labels[6], labels[13] = "light", "dark"
    batch = some.with_columns(image=pl.Series(pictures, dtype=pl.Binary), label=pl.Series(labels))
    step = LabelErrors().learn(batch)
    assert {int(batch.ids[6]), int(batch.ids[13])} <= {row for row, *_ in step.suspects}
    assert len(step.suspects) <= 4


def test_it_knows_a_picture_again_that_was_decided_on(tmp_path):
    """By its file and its bytes: a new file moves the rows of all after it."""
    light = [at % 2 for at in range(40)]
    pictures = [images_with(level=60 + 120 * one, seed=at) for at, one in enumerate(light)]
    labels = ["light" if one else "dark" for one in light]
    labels[6] = "light"
    columns = pl.DataFrame({"image": pictures, "label": labels, "file": [f"{at}.png" for at in range(40)]})
    batch = Batch(columns, np.arange(40), modality="image")
    path = tmp_path / "r.csv"
    step = LabelErrors(action="review", review=str(path))
    step.learn(batch)
    edit(path, {6: "dark"})
    assert "6.png sha256:" in path.read_text(encoding="utf-8-sig")
    assert step.learn(batch)(batch)["label"][6] == "dark"
    moved = Batch(
        columns.with_columns(pl.col("image", "file").shift(1, fill_value=None)), np.arange(40), "image"
    )
    with pytest.raises(DataError, match="row 6 is not the row that was decided on"):
        step.learn(moved)


def test_it_cuts_a_text_that_csv_could_not_bring_back(tmp_path):
    texts = [*BATCH["text"]]
    texts[4] = "card pin lost " * 20_000
    batch = BATCH.with_columns(text=pl.Series(texts))
    path = tmp_path / "r.csv"
    step = LabelErrors(action="review", review=str(path), cut="predicted_neq_given")
    assert 4 in {row for row, *_ in step.learn(batch).suspects}
    edit(path, {4: "drop"})
    assert path.stat().st_size < 10_000
    assert [drop.id for drop in step.learn(batch)(batch).dropped] == [4]
    texts[4] += "!"
    with pytest.raises(DataError, match="row 4 is not the row that was decided on"):
        step.learn(BATCH.with_columns(text=pl.Series(texts)))


def images_with(level: int, seed: int) -> bytes:
    from PIL import Image

    from trimtab.data.pictures import encode

    noise = np.random.default_rng(seed).integers(-30, 30, (12, 12, 3))
    return encode(Image.fromarray((level + noise).astype(np.uint8)))


def test_it_judges_nothing_where_there_is_one_class():
    batch = BATCH.with_columns(label=pl.Series(["a"] * 60))
    step = LabelErrors(action="drop").learn(batch)
    assert (step.judged, step.suspects) == (0, ())
    assert len(step(batch)) == 60
