"""A bundle answers texts."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab import load
from trimtab.core.errors import BundleError


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


def test_it_refuses_a_damaged_bundle(bundle):
    (bundle.folder / "model" / "model.onnx").write_bytes(b"broken")
    with pytest.raises(BundleError, match=r"model\.onnx: checksum is"):
        load(bundle.folder)


def test_it_refuses_a_folder_that_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"not a bundle: no bundle\.json"):
        load(tmp_path)
