"""An encoder's embeddings, which do not depend on what else is embedded."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.data.encoder import Encoder

TEXTS = [
    "I lost my card",
    "x " * 90,
    "",
    "card",
    "lost card",
    "我的卡丢了",
    "Where is my card, it was sent a week ago?",
]


def test_it_gives_a_text_the_same_embedding_alone_and_among_others():
    encoder = Encoder("minilm", "test")
    among = encoder([*TEXTS, None, *TEXTS * 9])
    for at, text in enumerate(TEXTS):
        assert np.array_equal(encoder([text])[0], among[at])
    assert np.linalg.norm(among, axis=1) == pytest.approx([1.0] * 7 + [0.0] + [1.0] * 63)
    assert encoder([None]).shape == (1, 384)


def test_it_says_what_a_folder_lacks(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(
        EnvironmentFault, match=r"tokenizer.json: no such file; save model and fast tokenizer"
    ):
        Encoder(str(tmp_path), "test")(["card"])


@pytest.mark.parametrize("config", [None, "{}", '{"model_type": "none such"}'])
def test_it_says_that_a_folder_is_no_encoder(config, tmp_path):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(EnvironmentFault, match=r"test: '.*' is no encoder .*; name a folder with"):
        Encoder(str(tmp_path), "test")([None])
