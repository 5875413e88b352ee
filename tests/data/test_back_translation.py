"""Copies that went through another language: kept on disk, resumed, or left out and counted."""

from __future__ import annotations

import logging

import pytest

from endpoint import serving
from rows import batch_of
from translators import rewriting
from trimtab.core.errors import ConfigError
from trimtab.data.back_translation import BackTranslation
from trimtab.data.translate.base import Stopped

BATCH = batch_of(["my card is lost", "cash was taken", "a  card", "", None])


def remote(server, path, **more):
    options = {
        "model": "m", "base_url": server.url, "key_variable": "", "first_wait": 0.01, "batch_size": 1,
        "concurrency": 1, "retries": 1,
    }  # fmt: skip
    return BackTranslation(translator="openai", options=options, cache=str(path), pivot="zh", **more).learn(
        BATCH
    )


def test_it_adds_what_came_back_changed():
    step = rewriting().learn(BATCH)
    after, told = step.grow(BATCH)
    assert after["text"].to_list()[len(BATCH) :] == ["my plastic is lost", "a plastic"]
    assert [at % (step.base + 1) for at in after.ids[len(BATCH) :].tolist()] == BATCH.ids[[0, 2]].tolist()
    assert told == {"kept": 2, "nothing to rewrite": 3}


def test_it_fails_when_the_translator_stops_and_goes_on_from_there(tmp_path):
    with serving(["ok", "ok", "ok", "ok"], after="500") as server:
        step = remote(server, tmp_path / "c")
        with pytest.raises(Stopped, match="1 of 3 texts are translated and kept"):
            step(BATCH)  # three there, one back
        assert len(server.answered()) == 4
        server.after = "ok"
        assert step(BATCH)["text"].to_list()[len(BATCH) :] == [
            "<<my card is lost>>", "<<cash was taken>>", "<<a card>>",
        ]  # fmt: skip
        assert len(server.answered()) == 6


def test_it_takes_what_is_there_where_told_so_and_says_it(tmp_path, caplog):
    with serving(["ok", "ok", "ok", "ok"], after="500") as server, caplog.at_level(logging.WARNING):
        after, told = remote(server, tmp_path / "c", if_stopped="keep").grow(BATCH)
        asked = len(server.asked)
    assert after["text"].to_list()[len(BATCH) :] == ["<<my card is lost>>"]
    assert told["nothing to rewrite"] == 4
    assert "1 of 3 texts are translated" in caplog.text
    assert asked == 6  # four answers, then one text tried twice; the rest is not asked of a dead endpoint


def test_it_knows_its_translators_and_their_options_before_anything_runs():
    with pytest.raises(ConfigError, match=r"needs a translator.*command"):
        BackTranslation()
    with pytest.raises(ConfigError, match=r"has no option 'modle'; did you mean 'model'"):
        BackTranslation(translator="openai", options={"modle": "m"})
    with pytest.raises(ConfigError, match="both 'es'"):
        BackTranslation(translator="command", options={"command": "cat"}, source="es")
