"""`trimtab profile`: one page, safe whatever the rows hold, and one JSON object."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from loop.pages import FLAGS, Page
from loop.sample_record import HOSTILE
from trimtab import cli
from trimtab.core.errors import ConfigError
from trimtab.loop.profile import form_of, profile
from trimtab.loop.report.profiled import render
from until import HANGS


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """train.csv and test.csv with a hostile column name and value, gaps, copies and drift."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, shift in (("train", 0.0), ("test", 2.0)):
        n = 200
        pl.DataFrame(
            {
                "text": [
                    f"Where is my card number {at % 60}, it was sent {at % 7} weeks ago" for at in range(n)
                ],
                HOSTILE: [HOSTILE if at % 9 == 0 else "plain" for at in range(n)],
                "amount": [
                    None if at % 5 == 0 else float(value) for at, value in enumerate(rng.normal(shift, 1, n))
                ],
                "label": ["ab"[at % 2] for at in range(n)],
            }
        ).write_csv(f"{name}.csv")
    return tmp_path


def test_it_writes_a_page_and_prints_where(rows, capsys):
    assert cli.main(["profile", "train.csv", "--test", "test.csv"]) == 0
    said = capsys.readouterr()
    assert "page: build/profile/train.html" in said.out
    assert "test differs from the data in amount" in said.err
    page = Page((rows / "build/profile/train.html").read_text())
    assert "200 rows , 4 columns" in page.text
    assert [named["id"] for tag, named in page.elements if tag == "section"] == [
        "columns",
        "texts",
        "labels",
        "copies",
        "test",
    ]


def test_it_is_one_json_object_for_machines(rows, capsys):
    assert cli.main(["profile", "train.csv", "--json", "--label", "label", "--out", "p.html"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert (event["event"], event["page"], event["guessed"]) == (
        "profile",
        "p.html",
        {"text": True, "label": False},
    )


def test_texts_of_users_stay_texts_and_the_page_asks_for_nothing(rows):
    html = render(profile("train.csv", "test.csv"))
    assert HOSTILE not in html
    page = Page(html)
    assert HOSTILE in page.text
    for tag, named in page.elements:
        for key in ("src", "href", "action", "data"):
            assert (named.get(key) or "#").startswith(("#", "data:")), (tag, named)


def test_the_format_is_that_of_the_overrides(rows, capsys):
    (rows / "s.csv").write_text("a;b\n1,5;?\n2,5;x\n")
    words = ["--set", "data.separator=;", "--set", "data.decimal=,", "--set", "data.missing=['?']"]
    assert cli.main(["profile", "s.csv", "--json", *words]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [(one["type"], one["missing"]) for one in columns] == [("Float64", 0), ("String", 1)]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.separatr=;", "a profile has no such option; did you mean 'data.separator'"),
        ("budget.size=1MB", "a profile has no such option"),
        ("data.encoding=klingon", "does not fit; allowed: an encoding that Python knows"),
        ("data.types={a: integer}", "does not fit; allowed: int, float, bool"),
    ],
)
def test_a_wrong_override_is_named(override, said):
    with pytest.raises(ConfigError, match=said):
        form_of([override])


def test_ten_thousand_columns_give_a_page_that_can_be_opened(rows):
    pl.DataFrame({f"c{at}": [at, at + 1] for at in range(10_000)}).write_parquet("wide.parquet")
    html = render(profile("wide.parquet"))
    assert "The first 200 of 10,000 columns" in html
    assert len(html) < 2_000_000


@pytest.mark.slow
def test_a_browser_without_a_network_draws_every_picture(rows):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium on this machine: install it to see the pictures drawn")
    file = rows / "page.html"
    file.write_text(render(profile("train.csv", "test.csv")), encoding="utf-8")
    words = [browser, *FLAGS, f"--user-data-dir={rows / 'browser'}", file.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANGS, check=True)
    drawn = Page(done.stdout)
    assert ("html", {"lang": "en", "data-pictures": "drawn"}) in drawn.elements
    assert sum(tag == "svg" for tag, _ in drawn.elements) == len(drawn.data) > 5
    assert "CONSOLE" not in done.stderr
