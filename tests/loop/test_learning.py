"""The stage of the data runs again when a file changes that a step reads, and not for another engine."""

from __future__ import annotations

from dataclasses import replace

from projects import small_project
from trimtab.core.spec_file import read_spec
from trimtab.core.store import Store
from trimtab.loop.learning import data_stage
from trimtab.loop.stages import Workshop, nobody

REVIEW = {"label_errors": {"action": "review", "review": "check.csv", "cut": "predicted_neq_given"}}


def test_it_prepares_the_rows_again_when_a_label_was_decided_on(tmp_path):
    read = read_spec(small_project(tmp_path / "project", clean=[REVIEW]))
    shop = Workshop(read.spec, read.folder, Store(tmp_path / "store"), nobody)
    first, rows = data_stage(shop, read.place)
    again, _ = data_stage(shop, read.place)
    assert again.hash == first.hash  # the file is there now, and says nothing new
    assert not data_stage(shop, read.place)[0].fresh
    file = read.folder / "check.csv"
    head, line, *others = file.read_text(encoding="utf-8-sig").splitlines()
    number, _, *rest = line.split(",")
    file.write_text("\n".join([head, ",".join([number, "drop", *rest]), *others]), encoding="utf-8")
    decided, fewer = data_stage(shop, read.place)
    assert decided.fresh
    assert decided.hash != first.hash
    assert len(fewer.train) == len(rows.train) - 1


def test_it_finds_the_stage_that_another_engine_made(tmp_path):
    read = read_spec(small_project(tmp_path / "project"))
    shop = Workshop(read.spec, read.folder, Store(tmp_path / "store"), nobody)
    made, _ = data_stage(shop, read.place)
    nobody_there = read.spec.model_copy(update={"engine": "ray://127.0.0.1:1"})
    found, _ = data_stage(replace(shop, spec=nobody_there), read.place)
    assert (found.hash, found.fresh) == (made.hash, False)
