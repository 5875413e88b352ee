"""What every translator promises: run over all of TRANSLATORS."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from endpoint import serving
from translators import tiny_translator
from trimtab.core.errors import ConfigError
from trimtab.data.translate import TRANSLATORS
from trimtab.data.translate.base import build
from trimtab.data.translate.cache import Cache
from trimtab.data.translate.fill import fill

TEXTS = ("w1 w2 w3", "w4", "w5  w6 w7", "", None, "w8 w9 w10 w11", "w4")


@pytest.fixture(params=sorted(TRANSLATORS))
def translator(request, tmp_path):
    if request.param == "command":
        yield build("command", {"command": "sed s/w/x/g"}, "spec")
    elif request.param == "openai":
        with serving() as server:
            options = {"model": "m", "base_url": server.url, "key_variable": ""}
            yield build("openai", options, "spec")
    elif request.param == "ctranslate2":
        converter = pytest.importorskip("ctranslate2").converters.TransformersConverter
        source = tiny_translator(tmp_path / "source")
        converter(str(source)).convert(str(tmp_path / "converted"))
        options = {"folder": str(tmp_path / "converted"), "tokenizer": str(source), "max_length": 8}
        yield build("ctranslate2", options, "spec")
    else:
        source = tiny_translator(tmp_path / "source")
        yield build(request.param, {"model": str(source), "max_length": 8}, "spec")


def translations(translator, path, **more):
    with Cache(path) as cache:
        return fill(translator, TEXTS, "en", "zh", cache, **more)


def test_it_is_registered_under_its_own_name_and_describes_itself(translator):
    assert type(translator) is TRANSLATORS.load(translator.name)
    assert type(translator).__doc__


def test_it_translates_each_text_in_its_place_and_leaves_blank_ones_alone(translator, tmp_path):
    found = translations(translator, tmp_path / "c")
    assert found.stopped is None
    assert all((text is None) == (not of) for text, of in zip(found.texts, TEXTS, strict=True))
    assert found.texts[1] == found.texts[6]


def test_it_says_the_same_whatever_the_batches_are(translator, tmp_path):
    alone = translations(replace(translator, batch_size=1), tmp_path / "c")
    together = translations(replace(translator, batch_size=9), tmp_path / "d")
    assert alone == together


def test_it_is_asked_once_only(translator, tmp_path):
    first = translations(translator, tmp_path / "c")
    again = translations(replace(translator, batch_size=2), tmp_path / "c", ask=False)
    assert again == first


def test_its_identity_is_json_and_says_nothing_of_batches(translator):
    assert json.loads(json.dumps(translator.identity())) == translator.identity()
    assert replace(translator, batch_size=3).identity() == translator.identity()


@pytest.mark.parametrize("name", sorted(TRANSLATORS))
def test_it_asks_for_what_it_cannot_do_without(name):
    with pytest.raises(ConfigError, match="needs `"):
        build(name, {}, "spec")
