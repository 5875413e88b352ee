"""From a trained network to candidates: parity, fused attention, honest thresholds."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from learners import rows
from trimtab.compress import COMPRESSORS
from trimtab.compress.cascade import answer, temperature
from trimtab.compress.job import answers_of, collapsed, parity
from trimtab.compress.variations import variations
from trimtab.models.family import load_network
from trimtab.models.fit import predict
from trimtab.runtime import open_model
from trimtab.runtime.cascade import calibrate


def test_the_list_of_compressors_is_the_one_tried(made):
    assert set(made[0]) == {
        "torch-fp32", "ort-fp32", "ort-int8", "student-fp32", "student-int8",
        "shallow-fp32", "shallow-int8", "cascade", "cascade-3",
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


def test_int8_is_smaller_and_close_to_its_source(made):
    found = made[0]
    sizes = {name: (found[name].folder / "model.onnx").stat().st_size for name in ("ort-fp32", "ort-int8")}
    assert sizes["ort-int8"] < 0.4 * sizes["ort-fp32"]
    assert found["ort-int8"].parity["moved"] < 0.05
    assert found["ort-int8"].refused is None


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
        "cascade-3",
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
    for name in ("ort-int8", "student-int8", "cascade-3"):
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
    np.testing.assert_array_equal(given, answer(stages, config["threshold"]))


def test_a_collapsed_model_is_refused():
    source = np.eye(3)[np.arange(90) % 3]
    assert collapsed(parity(source, source)) is None
    assert "changed their label" in str(collapsed(parity(np.roll(source, 1, axis=1), source)))


def test_variations_keep_the_special_tokens_and_repeat_with_the_seed():
    sample = rows(20).tokens
    fresh = variations(sample, 3, seed=5)
    assert len(fresh) == 60
    assert all(new[0] == old[0] and new[-1] == old[-1] for new, old in zip(fresh, sample * 3, strict=True))
    assert sum(new != old for new, old in zip(fresh, sample * 3, strict=True)) > 50
    assert fresh == variations(sample, 3, seed=5) != variations(sample, 3, seed=6)


def test_the_temperature_of_calibrated_answers_is_one_and_of_sharpened_ones_is_what_sharpened_them():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 20_000).astype(np.float32)
    truth = (honest.cumsum(axis=1) > rng.random((len(honest), 1))).argmax(axis=1)
    assert temperature(honest, truth) == pytest.approx(1, abs=0.05)
    assert temperature(calibrate(honest, 0.5), truth) == pytest.approx(2, abs=0.1)
