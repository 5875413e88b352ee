"""The translator for OpenAI-compatible endpoints, against a real server that does everything wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoint import DEEDS, serving, translated
from trimtab.core.errors import ConfigError, EnvironmentFault
from trimtab.data.translate.base import Stopped
from trimtab.data.translate.cache import Cache
from trimtab.data.translate.fill import fill
from trimtab.data.translate.openai import OpenAI
from until import until

TEXTS = [f"Text number {at}, about cards" for at in range(13)]


def client(url, **more):
    options = {
        "model": "tiny", "base_url": url, "key_variable": "", "batch_size": 4, "concurrency": 3,
        "timeout": 0.3, "retries": 8, "first_wait": 0.01, "longest_wait": 0.1,
    }  # fmt: skip
    return OpenAI(**{**options, **more})


def ask(translator, path, texts=TEXTS, **more):
    with Cache(Path(path)) as cache:
        return fill(translator, texts, "en", "zh", cache, **more)


@settings(max_examples=25, deadline=None)
@given(script=st.lists(st.sampled_from(DEEDS), max_size=8))
def test_it_loses_and_doubles_no_row_whatever_the_server_does_and_a_restart_asks_nothing(
    script, tmp_path_factory
):
    path = tmp_path_factory.mktemp("cache") / "cache.sqlite"
    with serving(script) as server:
        found = ask(client(server.url), path)
        assert found.texts == tuple(translated(text) for text in TEXTS)
        assert found.stopped is None
        assert sorted(server.answered()) == sorted(TEXTS)  # what came back well was not asked again
        before = len(server.asked)
        assert ask(client(server.url, batch_size=1), path) == found
        assert len(server.asked) == before


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if deed not in ("ok", "no usage")])
def test_it_gets_over_each_misdeed(deed, tmp_path):
    with serving([deed, deed]) as server:
        assert ask(client(server.url), tmp_path / "c").texts == tuple(map(translated, TEXTS))
        assert server.done.count(deed) == 2


@settings(max_examples=20, deadline=None)
@given(script=st.lists(st.sampled_from(DEEDS), max_size=8), cap=st.floats(0.0, 0.03))
def test_it_never_spends_more_than_the_cap_even_on_answers_that_were_lost(script, cap, tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "cache.sqlite"
    with serving(script, price=2.0) as server:
        for _ in range(3):  # a restart does not begin to count anew
            found = ask(client(server.url, max_cost=cap, price_in=2.0, price_out=2.0), path)
            assert server.billed <= cap
        free = ask(client(server.url), path)
        assert free.texts == tuple(map(translated, TEXTS))
        assert sorted(server.answered()) == sorted(TEXTS)
    assert all(text in (None, translated(of)) for text, of in zip(found.texts, TEXTS, strict=True))
    assert (found.stopped is None) == (None not in found.texts)


def test_it_counts_requests_over_all_runs(tmp_path):
    with serving() as server:
        found = ask(client(server.url, max_requests=2, batch_size=3), tmp_path / "c")
        assert "cap" in str(found.stopped)
        assert len(server.asked) == 2
        assert sum(text is not None for text in found.texts) == 6
        ask(client(server.url, max_requests=2, batch_size=3), tmp_path / "c")
        assert len(server.asked) == 2
        assert None not in ask(client(server.url, max_requests=9, batch_size=3), tmp_path / "c").texts
        assert sorted(server.answered()) == sorted(TEXTS)


def test_it_keeps_what_was_done_when_the_endpoint_dies_and_goes_on_from_there(tmp_path):
    with serving(["ok", "ok"], after="500") as server:
        found = ask(client(server.url, retries=2, concurrency=1), tmp_path / "c")
        assert "gave up after 3 tries: status 500" in str(found.stopped)
        assert sum(text is not None for text in found.texts) == 8
        server.after = "ok"
        assert None not in ask(client(server.url), tmp_path / "c").texts
        assert sorted(server.answered()) == sorted(TEXTS)


def test_it_says_that_nobody_listens(tmp_path):
    with serving() as server:
        url = server.url
    found = ask(client(url, retries=1), tmp_path / "c")
    assert "cannot be reached" in str(found.stopped)
    assert found.texts == (None,) * len(TEXTS)


@pytest.mark.parametrize(("deed", "says"), [("401", "no such key"), ("302", "status 302")])
def test_it_asks_once_only_where_asking_again_is_no_use(deed, says, tmp_path):
    with serving(after=deed) as server:
        found = ask(client(server.url, concurrency=1), tmp_path / "c")
        assert says in str(found.stopped)
        assert len(server.asked) == 1


def test_it_gives_up_a_text_that_no_answer_fits_and_translates_the_others(tmp_path):
    with serving(after="too few") as server:
        found = ask(client(server.url, retries=2, concurrency=1), tmp_path / "c", TEXTS[:3])
        assert found.texts == (None, None, None)
        assert found.stopped is None
        server.after = "ok"
        assert ask(client(server.url), tmp_path / "c", TEXTS[:3]).texts == tuple(map(translated, TEXTS[:3]))


def test_it_asks_for_no_longer_answers_than_an_endpoint_writes_and_halves_those_that_are_cut(tmp_path):
    long = [f"{at} " + "a text of a thousand characters " * 32 for at in range(16)]
    with serving() as server:
        found = ask(client(server.url, batch_size=16), tmp_path / "c", long)
        assert found.texts == tuple(translated(text.strip()) for text in long)
        assert set(server.most) == {4096}
        assert {len(texts) for texts in server.asked} == {16, 8, 4, 2}  # 4 of them are 4,200 tokens
        short = ask(client(server.url, max_tokens=60), tmp_path / "c", TEXTS)
        assert short.texts == tuple(map(translated, TEXTS))
        assert set(server.most) == {4096, 60}


def test_it_gives_up_a_text_whose_translation_is_longer_than_asked_for(tmp_path):
    with serving() as server:
        found = ask(client(server.url, max_tokens=60, retries=1), tmp_path / "c", ["a" * 80, "b"])
        assert found.texts == (None, "<B>")
        assert found.stopped is None


def test_it_waits_for_everybody_as_long_as_the_server_asks(tmp_path):
    with serving(["429 for long"]) as server:
        ask(client(server.url, longest_wait=5, concurrency=1, timeout=5), tmp_path / "c")
        assert server.at[1] - server.at[0] >= 1


def test_it_keeps_to_the_rate(tmp_path):
    with serving() as server:
        ask(client(server.url, per_minute=600, batch_size=2), tmp_path / "c")
        gaps = [later - sooner for sooner, later in zip(server.at, server.at[1:], strict=False)]
    assert len(gaps) == 6
    assert sum(gaps) >= 0.55  # six gaps of a tenth of a second, less what the way to the server varies


def test_it_reads_the_key_from_the_environment_and_writes_it_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("TINY_KEY", "sk-secret")
    with serving() as server:
        translator = client(server.url, key_variable="TINY_KEY")
        ask(translator, tmp_path / "c")
        assert set(server.keys) == {"Bearer sk-secret"}
        monkeypatch.delenv("TINY_KEY")
        with pytest.raises(EnvironmentFault, match="TINY_KEY is not set"):
            ask(translator, tmp_path / "other")
        monkeypatch.setenv("TINY_KEY", "密钥")
        with pytest.raises(EnvironmentFault, match="holds no key"):
            ask(translator, tmp_path / "other")
    assert "sk-secret" not in repr(translator) + repr(translator.identity())
    assert all(b"sk-secret" not in path.read_bytes() for path in tmp_path.iterdir())


def test_it_asks_for_a_text_once_however_often_and_however_spaced_it_stands(tmp_path):
    with serving() as server:
        found = ask(client(server.url), tmp_path / "c", ["a  b", " a b", "", None, "a\nb", "c"])
        assert found.texts == ("<A B>", "<A B>", None, None, "<A B>", "<C>")
        assert server.asked == [["a b", "c"]]


def test_it_asks_nothing_twice_after_being_killed(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); "
        "from data.translate.test_openai import ask, client; "
        "ask(client(sys.argv[1], timeout=5, batch_size=2, concurrency=2), sys.argv[2])"
    )
    tests = str(Path(__file__).parents[2])
    with serving(wait=0.1) as server:
        child = subprocess.Popen([sys.executable, "-c", code, server.url, str(tmp_path / "c"), tests])
        try:
            until(lambda: len(server.asked) >= 4)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        with Cache(tmp_path / "c") as cache:
            kept = fill(client(server.url), TEXTS, "en", "zh", cache, ask=False).texts
        had, asked = [text for text, one in zip(TEXTS, kept, strict=True) if one], len(server.asked)
        assert had
        assert ask(client(server.url), tmp_path / "c").texts == tuple(map(translated, TEXTS))
        again = {text for texts in server.asked[asked:] for text in texts}
        assert again == set(TEXTS) - set(had)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "needs `model`"),
        ({"model": "m", "base_url": "example.org"}, "https://"),
        ({"model": "m", "max_cost": 1.0}, "needs the prices"),
    ],
)
def test_it_refuses_options_that_make_no_sense(options, says):
    with pytest.raises(ConfigError, match=says):
        OpenAI(**options)


def test_it_stops_with_the_exit_code_of_an_environment_fault():
    assert Stopped.exit_code == 3
