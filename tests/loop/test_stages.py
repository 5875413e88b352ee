"""A stage's key covers the code that makes it."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import grimp
import pytest

import trimtab
from trimtab.core.spec import Spec
from trimtab.core.store import Store
from trimtab.loop import stages
from trimtab.loop.stages import SOURCES, Workshop, code_of, nobody

HOME = Path(trimtab.__file__).parent
SETTINGS_ONLY = {"tune"}
"""Rooms that decide nothing but a stage's inputs."""


@pytest.fixture(scope="module")
def imports():
    """Room to the rooms that it imports, and file of `loop` to the rooms that it imports."""
    graph = grimp.build_graph("trimtab", exclude_type_checking_imports=True)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        parts = module.split(".")
        name = f"loop/{parts[2]}.py" if parts[1:2] == ["loop"] and len(parts) > 2 else ".".join(parts[1:2])
        rooms = {
            each.split(".")[1] for each in graph.find_modules_directly_imported_by(module) if "." in each
        }
        found.setdefault(name, set()).update(rooms - {name})
    return found


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A copy of the source that may be edited; stages are keyed by it."""
    shutil.copytree(
        HOME, tmp_path / "trimtab", ignore=shutil.ignore_patterns("__pycache__", "examples", "vendor")
    )
    monkeypatch.setattr(stages, "files", lambda package: tmp_path / package)
    code_of.cache_clear()
    yield tmp_path / "trimtab"
    code_of.cache_clear()


@pytest.mark.parametrize("stage", SOURCES)
def test_it_covers_every_room_that_its_rooms_import(imports, stage):
    rooms = {name for name in SOURCES[stage] if not name.startswith("loop/")}
    assert set().union(*(imports[room] for room in rooms)) <= rooms


@pytest.mark.parametrize(
    "file", sorted({name for names in SOURCES.values() for name in names if "/" in name})
)
def test_the_stages_of_a_file_cover_every_room_that_it_imports(imports, file):
    rooms = {name for names in SOURCES.values() if file in names for name in names}
    assert imports[file] - {"loop"} - SETTINGS_ONLY <= rooms


def test_every_stage_of_the_chain_is_keyed_by_the_file_that_makes_it():
    made = {
        (_name(call.args[0]).partition("-")[0], f"loop/{path.name}")
        for path in (HOME / "loop").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "shop.stage"
    }
    assert {stage for stage, _ in made} == set(SOURCES)
    assert all(file in SOURCES[stage] for stage, file in made)


def _name(argument: ast.expr) -> str:
    """What a stage is called: a constant, or the constant that an f-string begins with."""
    constant = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    assert isinstance(constant, ast.Constant)
    return str(constant.value)


@pytest.mark.parametrize(
    ("edited", "repeated"),
    [
        ("core/step.py", set(SOURCES)),
        ("data/tally.py", set(SOURCES) - {"train"}),
        ("data/tables/synonyms_en.tsv.gz", set(SOURCES) - {"train"}),
        ("models/fit.py", {"train", "compress", "measure", "test"}),
        ("serve/batcher.py", {"measure"}),
        ("monitor/profile.py", {"bundle"}),
        ("loop/learning.py", set(SOURCES) - {"bundle"}),
        ("loop/card.py", {"bundle"}),
        ("loop/report/html.py", set()),
        ("cli/verbs.py", set()),
    ],
)
def test_an_edit_repeats_the_stages_that_it_may_change_and_no_other(source, edited, repeated):
    before = {stage: code_of(stage) for stage in SOURCES}
    with (source / edited).open("ab") as stream:
        stream.write(b"\n")
    code_of.cache_clear()
    assert {stage for stage in SOURCES if code_of(stage) != before[stage]} == repeated


def test_a_stage_is_made_again_after_its_code_changed(source, tmp_path):
    spec = Spec.model_validate(
        {"version": 1, "task": "text-classification", "data": {"train": ""}, "budget": {}}
    )
    shop = Workshop(spec, tmp_path, Store(tmp_path / "store"), nobody)

    def fresh() -> bool:
        return shop.stage("compress-int8", {}, lambda folder: (folder / "made").touch()).fresh

    assert [fresh(), fresh()] == [True, False]
    (source / "compress" / "int8.py").write_text("changed")
    code_of.cache_clear()
    assert [fresh(), fresh()] == [True, False]
