"""What every model family promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learners import CLASSES, rows, small_family
from trimtab.models import FAMILIES, SMALL
from trimtab.models.batches import pad
from trimtab.models.family import load_network, save_network
from trimtab.models.fit import fit, predict
from trimtab.models.pretrained import Pretrained


@pytest.fixture(params=sorted(FAMILIES))
def family(request, tmp_path):
    return small_family(request.param, tmp_path)


@pytest.fixture
def network(family):
    torch.manual_seed(0)
    return family.build(family.blueprint(CLASSES, 0.1), fresh=True).eval()


def test_it_gives_logits_and_an_embedding_of_the_same_rows(network):
    ids, mask = pad(rows(5).tokens)
    logits, embedding = network(ids, mask)
    assert logits.shape == (5, CLASSES)
    assert embedding.shape[0] == 5


def test_it_answers_a_row_alike_however_far_it_is_padded(network):
    few = rows(6).tokens
    ids, mask = pad([*few, few[0] * 3])
    with torch.inference_mode():
        together = network(ids, mask)[0][:6]
        alone = torch.cat([network(*pad([row]))[0] for row in few])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_it_is_saved_and_loaded_without_a_change(family, network, tmp_path):
    save_network(network, family.blueprint(CLASSES, 0.1), tmp_path / "saved")
    loaded = load_network(tmp_path / "saved")
    before, after = (predict(each, rows(8).tokens)[0] for each in (network, loaded))
    np.testing.assert_array_equal(before, after)


def test_it_learns(family, network):
    settings = family.defaults.override(
        {"epochs": 15, "batch_size": 8, "learning_rate": 5e-3, "patience": 15}
    )
    found = fit(network, rows(300), rows(90, seed=1), settings, seed=0)
    assert found.score > 0.6  # three classes: chance is a third


def test_its_space_names_settings_that_exist_and_holds_the_defaults(family):
    for name, (kind, *values) in family.space.items():
        default = getattr(family.defaults, name)
        assert default in values if kind == "choice" else values[0] <= default <= values[1]


def test_the_small_ones_are_those_that_start_from_no_pretrained_network():
    pretrained = {name for name in FAMILIES if issubclass(FAMILIES.load(name), Pretrained)}
    assert set(FAMILIES) - pretrained == set(SMALL)
