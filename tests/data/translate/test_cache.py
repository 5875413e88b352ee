"""Translations on disk, and the ledger of what they cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.data.translate.cache import Cache

EN = {"translator": "t", "source": "en", "target": "zh"}


def test_it_gives_back_what_it_was_given_after_it_was_opened_again(tmp_path):
    with Cache(tmp_path / "a" / "c.sqlite") as cache:
        cache.keep(EN, {"card": "卡", "cash": "现金"})
    with Cache(tmp_path / "a" / "c.sqlite") as cache:
        assert cache.known(EN, ["cash", "money", "card"]) == {"card": "卡", "cash": "现金"}


def test_it_tells_translators_and_directions_apart(tmp_path):
    with Cache(tmp_path / "c") as cache:
        cache.keep(EN, {"card": "卡"})
        assert cache.known({**EN, "target": "es"}, ["card"]) == {}
        assert cache.known({**EN, "translator": "u"}, ["card"]) == {}


def test_it_answers_more_texts_than_one_query_takes(tmp_path):
    texts = {f"text {at}": f"texto {at}" for at in range(1234)}
    with Cache(tmp_path / "c") as cache:
        cache.keep(EN, texts)
        assert cache.known(EN, [*texts, "other"]) == texts


def test_its_ledger_holds_the_cap_among_threads(tmp_path):
    with Cache(tmp_path / "c") as cache, ThreadPoolExecutor(8) as pool:
        ledger = cache.ledger(EN)
        booked = list(pool.map(lambda _: ledger.reserve(0.25, None, 2.0), range(40)))
        assert sum(booked) == 8
        assert ledger.spent() == (8, 2.0)
        ledger.settle(0.25, 0.05)
        assert ledger.spent()[1] == pytest.approx(1.8)
        assert not ledger.reserve(0.0, 8, None)
        assert cache.ledger({"translator": "other"}).spent() == (0, 0.0)


def test_it_says_when_the_file_is_no_cache(tmp_path):
    (tmp_path / "c").write_text("something else, and long enough to be no database at all" * 20)
    with pytest.raises(EnvironmentFault, match="cannot be opened as a cache"):
        Cache(tmp_path / "c")
