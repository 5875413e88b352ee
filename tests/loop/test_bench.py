"""What `trimtab bench` sends, and what becomes of rows that no service answers."""

from __future__ import annotations

from tiny import tiny_bundle
from trimtab.core.requests import read_requests
from trimtab.core.spec_file import read_spec
from trimtab.data.prepare import prepare
from trimtab.loop.bench import replay, texts_of

LONG = "lost card " * 3000
ODD_ROWS = f'"",card\n"  ",card\n"{LONG}",card\n'


def test_it_replays_every_row_that_a_run_keeps_blank_and_endless_texts_among_the_data(project, tmp_path):
    for name in ("train.csv", "test.csv"):
        with (project / name).open("a", encoding="utf-8") as stream:
            stream.write(ODD_ROWS.replace("lost", "stolen") if name == "test.csv" else ODD_ROWS)
    read = read_spec(project / "trimtab.yaml")
    texts = texts_of(read)
    assert max(map(len, texts)) > 30_000
    replay(tiny_bundle(tmp_path / "bundle").folder, texts, tmp_path / "log")
    assert sorted(request.text for request in read_requests(tmp_path / "log")) == sorted(texts)
    rows = prepare(read.spec, project)
    assert rows.test is not None
    assert rows.test["text"].to_list() == texts
    assert sum(drop.reason.startswith("text is blank at line") for drop in rows.dropped["train"]) == 2
