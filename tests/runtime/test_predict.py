"""A bundle answers texts."""

from __future__ import annotations

import numpy as np
import pytest

from rows import batch_of
from tiny import LABELS, tiny_tokens
from trimtab import load
from trimtab.core.bundle import write_bundle
from trimtab.core.errors import BundleError
from trimtab.data.term_frequency import TermFrequency


def test_it_predicts_labels_and_probabilities(bundle):
    predictor = load(bundle.folder)
    assert predictor.predict(["lost my card", "withdraw cash"]) == ["card", "cash"]
    np.testing.assert_allclose(predictor.predict_proba(["send money"]).sum(axis=1), 1, rtol=1e-6)


def test_it_answers_a_row_alike_alone_and_in_any_batch(bundle):
    predictor = load(bundle.folder)
    texts = ["lost my card", "cash", "send the money i lost", "atm"]
    together = predictor.predict_proba(texts)
    alone = np.concatenate([predictor.predict_proba([text]) for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_it_cleans_a_request_as_the_train_rows_were_cleaned(bundle, tmp_path):
    rows = batch_of(["lost card", "lost my card", "send cash", "send my cash"])
    removing = TermFrequency(action="remove", min_count=2).learn(rows)
    cleaned = write_bundle(tmp_path / "cleaned", bundle.model, [removing, tiny_tokens()], LABELS, {})
    predictor, bare = load(cleaned.folder), load(bundle.folder)
    assert predictor.rows(["atm lost the card", "atm"]) == bare.rows(["lost card", ""])
    np.testing.assert_array_equal(
        predictor.predict_proba(["stolen lost card"]), bare.predict_proba(["lost card"])
    )


def test_it_refuses_a_damaged_bundle(bundle):
    (bundle.folder / "model" / "model.onnx").write_bytes(b"broken")
    with pytest.raises(BundleError, match=r"model\.onnx: checksum is"):
        load(bundle.folder)


def test_it_refuses_a_folder_that_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"not a bundle: no bundle\.json"):
        load(tmp_path)
