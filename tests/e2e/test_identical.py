"""An identical request gets the identical answer, alone and in any batch: all of Banking77's test texts."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from parts.projects import banking77
from trimtab.compress.fp32 import export
from trimtab.compress.int8 import quantise
from trimtab.core.bundle import write_bundle
from trimtab.core.spec import DataSpec
from trimtab.data.read import read
from trimtab.features.tokens import Tokens
from trimtab.models.bigrams import Bigrams
from trimtab.models.pretrained import MiniLM
from trimtab.models.vocabulary import Start
from trimtab.runtime import open_model
from trimtab.runtime.cascade import calibrate
from trimtab.runtime.predict import load
from trimtab.serve.load import drive, start_server

pytestmark = pytest.mark.slow
CLASSES = 77


@pytest.fixture(scope="module")
def texts():
    file = banking77() / "test.csv"
    rows = read(file, DataSpec(train=str(file), label="category"), lambda *_: "data.test")
    return rows["text"].to_list()


@pytest.fixture(scope="module")
def bundle(texts, tmp_path_factory):
    """A cascade of full size whose student is unsure of half the texts; untrained networks round alike."""
    folder = tmp_path_factory.mktemp("identical")
    family = MiniLM()
    tokens = Tokens(tokenizer=family.tokenizer())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        teacher = family.build(family.blueprint(CLASSES, 0.0), fresh=True)
        small = Bigrams(Start.of(teacher.word_embeddings(), tokens.rows(texts)))
        student = small.build(small.blueprint(CLASSES, 0.0), fresh=True)
    export(teacher.eval(), folder / "fp32")
    quantise(folder / "fp32", folder / "cascade" / "teacher")
    quantise(export(student.eval(), folder / "wide"), folder / "cascade" / "student", ("Gather",))
    raw = open_model(folder / "cascade" / "student")(tokens.rows(texts)).probabilities
    confidence = calibrate(raw, 1.3).max(axis=1)
    config = {"runtime": "cascade", "threshold": float(np.median(confidence))}
    config |= {"student_temperature": 1.3, "teacher_temperature": 0.8}
    (folder / "cascade" / "model.json").write_text(json.dumps(config))
    labels = [f"class {at}" for at in range(CLASSES)]
    shutil.rmtree(folder / "wide")
    return write_bundle(folder / "bundle", folder / "cascade", [tokens], labels, {"name": "identical"})


def test_the_runtime_answers_every_text_alike_alone_and_in_any_batch(bundle, texts):
    predictor = load(bundle.folder)
    rng = np.random.default_rng(0)
    alone = [predictor.output([text]) for text in texts]
    expected = np.concatenate([each.probabilities for each in alone])
    stages = np.concatenate([each.stage for each in alone])
    assert 0.3 < stages.mean() < 0.7
    order = rng.permutation(len(texts))
    for size in (17, 64, len(texts)):
        for start in range(0, len(texts), size):
            rows = order[start : start + size]
            found = predictor.output([texts[row] for row in rows])
            np.testing.assert_array_equal(found.probabilities, expected[rows])
            np.testing.assert_array_equal(found.stage, stages[rows])


def test_the_server_answers_every_text_alike_alone_and_under_load(bundle, texts):
    with start_server(bundle.folder) as server:
        options = {"requests": len(texts), "seconds": 300.0, "answers": True}
        alone = drive(server.rest_url, texts, concurrency=1, **options)
        loads = [drive(server.rest_url, texts, concurrency=32, **options)]
        loads.append(
            drive(server.grpc_url, texts, concurrency=16, protocol="grpc", model=server.name, **options)
        )
    expected = {reply.text: (reply.label, reply.confidence) for reply in alone.replies}
    assert len(expected) == len(texts)
    for load_result in loads:
        assert load_result.errors == load_result.refused == 0
        for reply in load_result.replies:
            label, confidence = expected[reply.text]
            assert reply.label == label
            assert np.float32(reply.confidence) == np.float32(confidence)
