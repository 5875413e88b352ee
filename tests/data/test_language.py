"""Languages by script and common words; accuracy on the shared texts."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rows import CHINESE, ENGLISH, batch_of
from trimtab.core.errors import ConfigError
from trimtab.data.language import Language, languages

DATA = Path(__file__).parents[3] / "shared" / "data"
SAID = {
    "en": "Where is the card that I was sent?",
    "de": "Wo ist die Karte, die ich nicht bekommen habe?",
    "fr": "Où est la carte que je n'ai pas reçue ?",
    "es": "¿Dónde está la tarjeta que no me ha llegado?",
    "it": "Dove è la carta che non ho ricevuto?",
    "pt": "Onde está o cartão que eu não recebi?",
    "nl": "Waar is de kaart die ik niet heb gekregen?",
    "zh": "我的iPhone坏了怎么办",
    "ja": "私のカードはどこですか",
    "ko": "내 카드가 어디에 있나요",
    "cyrillic": "Где моя карта?",
    "greek": "Πού είναι η κάρτα μου;",
    "arabic": "أين بطاقتي؟",
}


@pytest.mark.parametrize("name", SAID)
def test_it_tells_the_language_of_a_plain_sentence(name):
    assert languages(pl.Series([SAID[name]])).to_list() == [name]


def test_it_says_nothing_where_there_is_nothing_to_say():
    assert languages(pl.Series(["", None, "42 %", "OK"])).to_list() == [None, None, None, "latin"]


def test_it_keeps_the_usual_languages_of_train_and_what_it_cannot_tell():
    batch = batch_of([*ENGLISH, SAID["de"], SAID["cyrillic"], "zxqv", None] * 2)
    after = Language(share=0.2).learn(batch)(batch)
    assert {drop.reason for drop in after.dropped} == {
        "text is in language de",
        "text is in language cyrillic",
    }
    assert after["text"].null_count() == 2


def test_it_keeps_the_languages_it_is_told_to():
    batch = batch_of([*ENGLISH, *CHINESE])
    after = Language(keep=("zh",)).learn(batch)(batch)
    assert set(after["text"]) == {*CHINESE, "", "zxqv"}
    with pytest.raises(ConfigError, match="no language 'english'"):
        Language(keep=("english",))


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_it_tells_english_from_chinese_on_the_shared_texts():
    pairs = [line.split("\t") for line in (DATA / "par_tatoeba_en_zh/cmn.txt").read_text().splitlines()]
    bank = pl.read_csv(DATA / "en_banking77/test.csv")["text"]
    lines = (DATA / "zh_cfbenchmark/sentiment.jsonl").read_text().splitlines()
    finance = pl.Series([json.loads(line)["input"] for line in lines])
    chinese, english = pl.Series([pair[1] for pair in pairs]), pl.Series([pair[0] for pair in pairs])
    assert share(bank, {"en"}) > 0.98
    assert share(finance, {"zh"}) == 1
    assert share(chinese, {"zh"}) > 0.99
    assert share(english, {"en"}) > 0.75  # a median of six words: many hold no common word
    assert share(english, {"en", "latin"}) > 0.97  # what `keep: [en]` keeps


def share(texts: pl.Series, names: set[str]) -> float:
    return float(languages(texts).is_in(names).sum()) / len(texts)
