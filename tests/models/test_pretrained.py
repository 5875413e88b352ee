"""Pretrained encoders: how long a text they read."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModel, BertConfig, DistilBertConfig, RobertaConfig

from trimtab.models.pretrained import Pretrained

WIDE = {"vocab_size": 100, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
ENCODERS = {
    "bert": BertConfig(**WIDE, max_position_embeddings=40),
    "distilbert": DistilBertConfig(vocab_size=100, dim=16, n_layers=1, n_heads=2, max_position_embeddings=40),
    "roberta": RobertaConfig(**WIDE, max_position_embeddings=42),
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_it_reads_as_many_tokens_as_it_has_positions_for(kind, tmp_path):
    encoder = AutoModel.from_config(ENCODERS[kind])
    encoder.save_pretrained(tmp_path)
    assert Pretrained(tmp_path).longest() == 40
    encoder(input_ids=torch.full((1, 40), 7))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(input_ids=torch.full((1, 41), 7))
