"""The name of a run."""

from __future__ import annotations

from trimtab.core.spec import Spec
from trimtab.loop.evidence import run_id

SPEC = Spec.model_validate(
    {"version": 1, "task": "text-classification", "data": {"train": "train.csv"}, "budget": {}}
)


def found_in(project, key="0a1b"):
    store = (project / ".trimtab" / "store").resolve()
    return {
        "bundle": str(store / "bundle" / key),
        "candidates": [{"name": "fp32", "folder": str(store / "compress-fp32" / "2c3d"), "accuracy": 0.9}],
        "folders": {"data": str(store / "data" / "4e5f")},
    }


def named(project, **more):
    return run_id(SPEC, found_in(project, **more), project / ".trimtab")


def test_it_does_not_depend_on_where_the_project_lies(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "far" / "there"
    assert named(here) == named(there)
    here.mkdir()
    monkeypatch.chdir(here)
    assert run_id(SPEC, found_in(here), here.relative_to(here) / ".trimtab") == named(there)


def test_it_depends_on_what_was_found(tmp_path):
    assert named(tmp_path) != named(tmp_path, key="ffff")
    elsewhere = found_in(tmp_path) | {"bundle": str(tmp_path / "mine")}
    assert run_id(SPEC, elsewhere, tmp_path / ".trimtab") != named(tmp_path)
