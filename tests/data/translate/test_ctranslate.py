"""A CTranslate2 folder: the same answers as Transformers gives."""

from __future__ import annotations

import pytest

from translators import tiny_translator
from trimtab.core.errors import ConfigError, EnvironmentFault
from trimtab.data.translate.ctranslate import CTranslate2
from trimtab.data.translate.huggingface import HuggingFace

TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10"]


def test_it_answers_what_transformers_answers(tmp_path):
    converters = pytest.importorskip("ctranslate2").converters
    folder = tiny_translator(tmp_path / "hf")
    converters.TransformersConverter(str(folder)).convert(str(tmp_path / "en-zh"))
    ours = CTranslate2(
        folder=str(tmp_path / "{source}-{target}"), tokenizer=str(folder), beams=1, max_length=6
    )
    theirs = HuggingFace(model=str(folder), beams=1, max_length=6)
    assert ours.answer(TEXTS, "en", "zh") == theirs.answer(TEXTS, "en", "zh")


def test_it_says_which_folder_it_could_not_load(tmp_path):
    pytest.importorskip("ctranslate2")
    with pytest.raises(EnvironmentFault, match="ct2-transformers-converter"):
        CTranslate2(folder=str(tmp_path)).answer(["a"], "en", "zh")
    with pytest.raises(ConfigError, match="needs `folder`"):
        CTranslate2()
