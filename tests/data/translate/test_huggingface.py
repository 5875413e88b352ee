"""A sequence-to-sequence model from a folder: answers are those of Transformers itself."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoTokenizer, T5ForConditionalGeneration

from translators import tiny_translator
from trimtab.core.errors import ConfigError, EnvironmentFault
from trimtab.data.translate.huggingface import HuggingFace

TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10"]


def test_it_answers_what_the_model_answers_to_each_text_alone(tmp_path):
    folder = tiny_translator(tmp_path / "en-zh")
    tokenizer, model = (
        AutoTokenizer.from_pretrained(folder),
        T5ForConditionalGeneration.from_pretrained(folder),
    )
    wanted = []
    for text in TEXTS:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        made = model.generate(ids, num_beams=2, do_sample=False, max_new_tokens=6)[0]
        wanted.append(tokenizer.decode(made, skip_special_tokens=True))
    translator = HuggingFace(model=str(tmp_path / "{source}-{target}"), beams=2, max_length=6)
    assert translator.answer(TEXTS, "en", "zh") == wanted
    assert any(wanted)


def test_it_says_which_model_it_could_not_load(tmp_path):
    with pytest.raises(EnvironmentFault, match="no-model"):
        HuggingFace(model=str(tmp_path / "no-model")).answer(["a"], "en", "zh")
    with pytest.raises(ConfigError, match="opus-mt"):
        HuggingFace()
