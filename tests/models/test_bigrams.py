"""The student of words and pairs of words."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from trimtab.compress.fp32 import Answering
from trimtab.models.batches import pad
from trimtab.models.bigrams import Bigrams
from trimtab.models.static import Static
from trimtab.models.vocabulary import Start
from trimtab.runtime.pytorch import TorchModel

WIDTH, FEATURES = 8, 4
PIECES = [101, 102, 1000, 1001, 1002]


@pytest.fixture
def start():
    table = torch.randn(1100, WIDTH, generator=torch.Generator().manual_seed(0))
    return Start(table, PIECES)


@pytest.fixture
def network(start):
    family = Bigrams(start, hidden=6, features=FEATURES)
    torch.manual_seed(0)
    return family.build(family.blueprint(3, 0.0), fresh=True).eval()


def embedded(network, *rows):
    with torch.inference_mode():
        return network.embed(*pad(list(rows)))


def test_its_features_are_a_convolution_of_width_two_and_the_maximum_over_the_row(network, start):
    row = [101, 1000, 1002, 1001, 102]
    convolution = torch.nn.Conv1d(WIDTH, FEATURES, 2)
    with torch.no_grad():
        convolution.weight.copy_(torch.stack([network.first.weight, network.second.weight], dim=2))
        convolution.bias.copy_(network.first.bias)
    expected = torch.relu(convolution(start.table[row].T.unsqueeze(0))).amax(dim=2)
    torch.testing.assert_close(embedded(network, row)[:, WIDTH:], expected)


def test_beside_them_stands_the_mean_of_the_static_student(network, start):
    row = [101, 1000, 1000, 1002, 102]
    family = Static(start, hidden=6)
    static = family.build(family.blueprint(3, 0.0), fresh=True).eval()
    torch.testing.assert_close(embedded(network, row)[:, :WIDTH], embedded(static, row))


def test_it_hears_the_order_of_words_and_the_static_student_does_not(network):
    one, two = embedded(network, [101, 1000, 1002, 102], [101, 1002, 1000, 102])
    torch.testing.assert_close(one[:WIDTH], two[:WIDTH])
    assert not torch.equal(one[WIDTH:], two[WIDTH:])


def test_pytorch_looks_its_pairs_up_and_answers_the_same(network, tmp_path):
    example = torch.ones(2, 5, dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated
        traced = torch.jit.trace(Answering(network), (example, example), check_trace=False)
        torch.jit.save(traced, str(tmp_path / "model.pt"))
    model = TorchModel(tmp_path, {"runtime": "pytorch"}, 1)
    row = [101, 1000, 1002, 1001, 102]
    with torch.inference_mode():
        expected = traced(*pad([row]))[0].numpy()
    assert np.array_equal(model([row]).probabilities, expected)
    products = [node for node in traced.inlined_graph.nodes() if node.kind() == "aten::linear"]
    left = [node for node in model._network.graph.nodes() if node.kind() == "aten::linear"]
    assert len(left) == len(products) - 2


def test_a_pair_with_an_unknown_word_says_nothing(network):
    """No pair is left of the first row: every second word is one that no train row had."""
    unknown, alone, empty = embedded(network, [1000, 7, 1001, 7, 1002], [1000], [7])
    for row in (unknown, alone, empty):
        assert row[WIDTH:].tolist() == [0.0] * FEATURES
    assert embedded(network, [1000])[0, WIDTH:].tolist() == [0.0] * FEATURES  # with nothing to pad it to
    assert empty.tolist() == [0.0] * (WIDTH + FEATURES)


def test_it_needs_word_embeddings_to_start_from():
    with pytest.raises(ValueError, match="a bigrams model starts from word embeddings"):
        Bigrams().blueprint(3, 0.1)
