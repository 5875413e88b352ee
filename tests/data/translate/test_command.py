"""An external command as translator."""

from __future__ import annotations

import shutil

import pytest

from trimtab.core.errors import ConfigError
from trimtab.data.translate.base import Stopped, build
from trimtab.data.translate.cache import Cache
from trimtab.data.translate.command import Command
from trimtab.data.translate.fill import fill

TEXTS = ["a card", "卡丢了", "it's 'quoted' $HOME `x`"]


def test_it_hands_over_lines_and_takes_as_many_back():
    assert Command(command="tr a-z A-Z").answer(TEXTS[:1] * 3, "en", "zh") == ["A CARD"] * 3
    assert Command(command="cat").answer(TEXTS, "en", "zh") == TEXTS


def test_it_puts_the_languages_into_the_command_and_uses_no_shell():
    assert Command(command="sed 's/^/{source}>{target} /'").answer(["a"], "en", "zh") == ["en>zh a"]


def test_it_separates_texts_by_an_empty_line_where_asked():
    assert Command(command="cat", paragraphs=True).answer(TEXTS, "en", "zh") == TEXTS
    with pytest.raises(Stopped, match="printed 1 translations of 2 texts"):
        Command(command="grep .", paragraphs=True).answer(["a", "b"], "en", "zh")


def test_it_says_that_a_script_names_no_interpreter(tmp_path):
    script = tmp_path / "translate"
    script.write_text("cat\n")
    script.chmod(0o755)
    with pytest.raises(Stopped, match=r"cannot be run \(.*Exec format error.*\); try it by hand; a script"):
        Command(command=str(script)).answer(["a"], "en", "zh")


@pytest.mark.parametrize("command", ["echo 'x", "echo \\"])
def test_it_refuses_a_command_that_no_shell_could_read(command):
    with pytest.raises(ConfigError, match=r"translator command: `command` is .*: no .*; close the quote"):
        Command(command=command)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("head -n 1", "printed 1 translations of 3 texts"),
        ("sed p", "printed 6 translations of 3 texts"),
        ("false", "ended with code 1"),
        ("no-such-program-here", "there is no program 'no-such-program-here'"),
        ("/", "may not be run"),
    ],
)
def test_it_stops_when_the_command_fails(command, says):
    with pytest.raises(Stopped, match=says):
        Command(command=command).answer(TEXTS, "en", "zh")


def test_it_stops_when_the_command_takes_too_long():
    with pytest.raises(Stopped, match=r"longer than 0\.1 s"):
        Command(command="sleep 5", timeout=0.1).answer(TEXTS, "en", "zh")


def test_it_keeps_the_batches_that_came_before_the_failure(tmp_path):
    texts = [f"text {at}" for at in range(6)]
    fails_at_last = Command(command="sed '/text 5/q3'", batch_size=2)
    with Cache(tmp_path / "c") as cache:
        found = fill(fails_at_last, texts, "en", "zh", cache)
    assert found.texts == ("text 0", "text 1", "text 2", "text 3", None, None)
    assert "ended with code 3" in str(found.stopped)


def test_it_leaves_out_a_text_whose_translation_is_empty(tmp_path):
    with Cache(tmp_path / "c") as cache:
        found = fill(Command(command="sed 's/^b$//'"), ["a", "b", "c"], "en", "zh", cache)
    assert found.texts == ("a", None, "c")


def test_it_needs_a_command_and_knows_its_options():
    with pytest.raises(ConfigError, match="needs `command`"):
        build("command", {}, "spec:3")
    with pytest.raises(
        ConfigError, match="spec:3: translator 'command' has no option 'comand'; did you mean"
    ):
        build("command", {"comand": "cat"}, "spec:3")
    with pytest.raises(ConfigError, match=r"command\.timeout is -1"):
        build("command", {"command": "cat", "timeout": -1}, "spec:3")
    with pytest.raises(ConfigError, match="no translator 'comand'"):
        build("comand", {}, "spec:3")


@pytest.mark.skipif(shutil.which("apertium") is None, reason="apertium is not installed")
def test_it_gets_the_same_from_apertium_for_a_text_alone_and_among_others():
    apertium = Command(command="apertium -u {source}-{target}", paragraphs=True)
    texts = ["I lost my card", "Cash was taken from my account", "lost my card", "How are you?"]
    try:
        alone = [apertium.answer([text], "eng", "spa")[0] for text in texts]
    except Stopped:
        pytest.skip("apertium has no pair eng-spa here")
    assert apertium.answer(texts, "eng", "spa") == alone
