"""From a trained network to candidates: parity, fused attention, honest thresholds."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
import torch
from transformers import AlbertConfig, AutoModel, DistilBertConfig, MPNetConfig, RobertaConfig

from learners import CLASSES, VOCABULARY, rows, small_family
from trimtab.compress import COMPRESSORS
from trimtab.compress.cascade import answer, temperature
from trimtab.compress.distil import Distil
from trimtab.compress.fp32 import export
from trimtab.compress.int8 import quantise
from trimtab.compress.job import Job, answers_of, collapsed, parity
from trimtab.compress.torchscript import TorchScript
from trimtab.compress.variations import variations
from trimtab.core.errors import GateFailed
from trimtab.core.objects import Trained
from trimtab.models import FAMILIES
from trimtab.models.family import Blueprint, Family, TextClassifier, load_network, save_network, weighted_mean
from trimtab.models.fit import predict
from trimtab.models.pretrained import Pretrained
from trimtab.runtime import open_model
from trimtab.runtime.cascade import calibrate


def test_the_list_of_compressors_is_the_one_tried(made):
    assert set(made[0]) == {
        "torch-fp32", "ort-fp32", "ort-int8", "student-fp32", "student-int8",
        "shallow-fp32", "shallow-int8", "cascade",
    }  # fmt: skip
    assert set(COMPRESSORS) == {"torch", "fp32", "int8", "student", "cascade"}


@pytest.mark.parametrize("name", ["torch-fp32", "ort-fp32"])
def test_the_uncompressed_model_answers_as_it_was_trained(made, name):
    found, trained, valid = made
    expected = predict(load_network(trained.folder), valid.tokens)[0]
    np.testing.assert_allclose(answers_of(found[name].folder, valid), expected, atol=1e-5)


def test_attention_is_fused_in_every_layer(made):
    graph = onnx.load(made[0]["ort-fp32"].folder / "model.onnx").graph
    assert sum(node.op_type == "Attention" for node in graph.node) == 2
    assert made[0]["ort-fp32"].parity["fused_layers"] == 2


SMALL = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
OTHERS = {
    "albert": AlbertConfig(**SMALL, embedding_size=16, intermediate_size=64),
    "distilbert": DistilBertConfig(vocab_size=VOCABULARY, dim=32, n_layers=3, n_heads=2, hidden_dim=64),
    "mpnet": MPNetConfig(**SMALL, intermediate_size=64),
    "roberta": RobertaConfig(**SMALL, intermediate_size=64),
}


@pytest.mark.parametrize(
    ("kind", "fused", "cut"),
    [("albert", 0, False), ("distilbert", 3, True), ("mpnet", 0, True), ("roberta", 3, True)],
)
def test_any_encoder_is_compressed_whether_its_attention_fuses_or_not(kind, fused, cut, tmp_path):
    AutoModel.from_config(OTHERS[kind]).save_pretrained(tmp_path / kind)
    family = Pretrained(tmp_path / kind)
    blueprint = family.blueprint(CLASSES, 0.1)
    save_network(family.build(blueprint, fresh=True), blueprint, tmp_path / "trained")
    trained = Trained(tmp_path / "trained", kind, tuple("abc"), 0.9, 0.8, 1.0)
    found = {}
    for name in ("torch", "fp32", "int8", "student"):
        job = Job(trained, rows(60), rows(60, seed=1), found, seed=0, drop=0.1)
        found |= {each.name: each for each in COMPRESSORS.load(name)().compress(job, tmp_path / name)}
    assert found["ort-fp32"].parity["distance"] < 1e-5
    assert found["ort-fp32"].parity["fused_layers"] == fused
    assert {"ort-int8", "student-int8"} <= set(found)
    assert ("shallow-int8" in found) == cut


def test_int8_is_smaller_and_close_to_its_source(made):
    found = made[0]
    sizes = {name: (found[name].folder / "model.onnx").stat().st_size for name in ("ort-fp32", "ort-int8")}
    assert sizes["ort-int8"] < 0.4 * sizes["ort-fp32"]
    assert found["ort-int8"].parity["moved"] < 0.05
    assert found["ort-int8"].refused is None


@pytest.mark.parametrize("name", ["ort-fp32", "ort-int8", "student-fp32", "student-int8", "shallow-int8"])
def test_its_parity_is_with_the_model_it_was_made_from(made, name):
    found, _, valid = made
    mine, source = (answers_of(found[one].folder, valid) for one in (name, found[name].source))
    expected = parity(mine, source)
    assert found[name].parity["moved"] == expected["moved"]
    assert found[name].parity["distance"] == pytest.approx(expected["distance"], abs=1e-4)


def test_a_collapse_of_a_students_int8_is_refused_and_its_distance_from_the_teacher_is_not(
    made, tmp_path, monkeypatch
):
    monkeypatch.setattr("trimtab.compress.job.MOST_MOVED", -1.0)  # so that every model has collapsed
    found, trained, valid = made
    job = Job(trained, rows(60), valid, found, seed=0, drop=0.1)
    refused = {each.name for each in Distil().compress(job, tmp_path) if each.refused}
    assert refused == {"student-int8", "shallow-int8"}


@pytest.mark.parametrize(
    "name",
    [
        "torch-fp32",
        "ort-fp32",
        "ort-int8",
        "student-fp32",
        "student-int8",
        "shallow-int8",
        "cascade",
    ],
)
def test_a_row_is_answered_alike_alone_and_in_any_batch(made, name):
    found, _, valid = made
    model = open_model(found[name].folder)
    whole = model(valid.tokens)
    for size in (1, 2, 3, 7):
        parts = [model(valid.tokens[at : at + size]) for at in range(0, len(valid), size)]
        np.testing.assert_array_equal(
            np.concatenate([part.probabilities for part in parts]), whole.probabilities
        )
        np.testing.assert_array_equal(np.concatenate([part.stage for part in parts]), whole.stage)


def test_the_answers_do_not_change_when_embeddings_are_asked_for(made):
    found, _, valid = made
    for name in ("ort-int8", "student-int8", "cascade"):
        model = open_model(found[name].folder)
        plain, embedded = model(valid.tokens), model(valid.tokens, embed=True)
        np.testing.assert_array_equal(plain.probabilities, embedded.probabilities)
        np.testing.assert_array_equal(plain.stage, embedded.stage)
        assert embedded.embedding is not None
        assert len(embedded.embedding) == len(valid)


def test_a_cascade_answers_as_its_stages_do_at_the_threshold(made):
    found, _, valid = made
    config = json.loads((found["cascade"].folder / "model.json").read_text())
    stages = [
        calibrate(answers_of(found["student-int8"].folder, valid), config["student_temperature"]),
        calibrate(answers_of(found["ort-int8"].folder, valid), config["teacher_temperature"]),
    ]
    given = answers_of(found["cascade"].folder, valid).argmax(axis=1)
    np.testing.assert_array_equal(given, answer(*stages, config["threshold"]))


def test_a_collapsed_model_is_refused():
    source = np.eye(3)[np.arange(90) % 3]
    assert collapsed(parity(source, source)) is None
    assert "changed their label" in str(collapsed(parity(np.roll(source, 1, axis=1), source)))


class Branching(TextClassifier):
    """Turns the embedding of every row round that is longer than the one it is traced with."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(VOCABULARY, 8)
        self.dropout = torch.nn.Dropout(0.0)
        self.head = torch.nn.Linear(8, CLASSES, bias=False)

    def embed(self, input_ids, attention_mask):
        mean = weighted_mean(self.table(input_ids), attention_mask.float())
        return mean if input_ids.shape[1] <= 5 else -mean


class BranchingFamily(Family):
    name = "branching"

    def blueprint(self, classes, dropout):
        return Blueprint(self.name, classes, dropout, {})

    def build(self, blueprint, fresh):  # noqa: ARG002
        return Branching()


def test_a_network_that_cannot_be_traced_is_no_reference(tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES._table, "branching", f"{__name__}:BranchingFamily")  # as a plugin would
    family = BranchingFamily()
    save_network(Branching(), family.blueprint(CLASSES, 0.0), tmp_path / "trained")
    trained = Trained(tmp_path / "trained", "branching", tuple("abc"), 0.9, 0.8, 1.0)
    job = Job(trained, rows(9), rows(60), {}, seed=0, drop=0.1)
    with pytest.raises(GateFailed, match="'branching': its network answers otherwise once it is traced"):
        TorchScript().compress(job, tmp_path)


def test_variations_keep_the_special_tokens_and_repeat_with_the_seed():
    sample = rows(20).tokens
    fresh = variations(sample, 3, seed=5)
    assert len(fresh) == 60
    assert all(new[0] == old[0] and new[-1] == old[-1] for new, old in zip(fresh, sample * 3, strict=True))
    assert sum(new != old for new, old in zip(fresh, sample * 3, strict=True)) > 50
    assert max(map(len, fresh)) == max(map(len, sample))
    assert fresh == variations(sample, 3, seed=5) != variations(sample, 3, seed=6)


def test_the_temperature_of_calibrated_answers_is_one_and_of_sharpened_ones_is_what_sharpened_them():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 20_000).astype(np.float32)
    truth = (honest.cumsum(axis=1) > rng.random((len(honest), 1))).argmax(axis=1)
    assert temperature(honest, truth) == pytest.approx(1, abs=0.05)
    assert temperature(calibrate(honest, 0.5), truth) == pytest.approx(2, abs=0.1)


def test_what_depends_on_weights_alone_is_computed_before_serving(tmp_path):
    """A pair of words costs the student an addition; its tables of pairs are quantised like that of words."""
    family = small_family("bigrams", tmp_path)
    network = family.build(family.blueprint(CLASSES, 0.1), fresh=True)
    wide = export(network, tmp_path / "wide")
    small = quantise(wide, tmp_path / "small", ("Gather",))
    graph = onnx.load(wide / "model.onnx").graph
    looked_up = [node for node in graph.node if node.op_type == "Gather"]
    assert sum(node.op_type == "Gemm" for node in graph.node) == 2  # those of the head
    assert len(looked_up) == 5  # places, words, their weights, and the two of a pair
    few = [*rows(20).tokens, rows(1).tokens[0][:1]]  # one of a single token: it has no pair
    expected = predict(network, few)[0]
    np.testing.assert_allclose(open_model(wide)(few).probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(open_model(small)(few).probabilities, expected, atol=0.02)
    stored = onnx.load(small / "model.onnx").graph.initializer
    assert sum(each.name.endswith("_quantized") for each in stored) == 4  # all but the places
