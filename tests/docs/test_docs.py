"""The documentation: complete, honest about its sources, and without a broken link."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from trimtab.core import errors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ITEMS = (DOCS / "data-items.md").read_text(encoding="utf-8")
GUIDE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((DOCS / "guide").glob("*.md")))


def _hooks():
    spec = spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = _hooks()
ENTRIES = [(room, name) for room, registry in HOOKS.registries() for name in registry]
OPTIONS = [path for path, _ in HOOKS.spec_options()]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in DOCS.rglob("*.md"))


def test_it_finds_every_registry_there_is():
    made = {
        path.parent.relative_to(ROOT / "src" / "trimtab").as_posix()
        for path in (ROOT / "src" / "trimtab").rglob("__init__.py")
        if re.search(r"= Registry\(", path.read_text(encoding="utf-8"))
    }
    assert {room for room, _ in HOOKS.registries()} == made


@pytest.mark.parametrize(("room", "name"), ENTRIES)
def test_the_guide_names_every_registry_entry(room, name):
    assert name in re.findall(r"[\w-]+", GUIDE)


def test_the_reference_has_a_heading_and_a_docstring_for_every_registry_entry():
    page = HOOKS.registries_page()
    for room, name in ENTRIES:
        heading = f"### `{name}` {{ #{room}-{name} }}\n\n"
        assert heading in page
        assert page.split(heading)[1].split("\n")[0].strip(), f"{room}.{name} has no docstring"


@pytest.mark.parametrize(
    ("room", "name"), [one for one in ENTRIES if one[0].split("/")[0] in ("data", "features")]
)
def test_the_table_of_items_names_every_entry_of_the_data_room(room, name):
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`", ITEMS), name


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_every_command_of_a_benchmark_works_as_typed(page):
    said = (ROOT / page).read_text(encoding="utf-8")
    for python, script in re.findall(r"([^\s`(]*python) (bench/\w+\.py)", said):
        assert python == ".venv/bin/python", script
        assert (ROOT / script).is_file(), script


def test_every_test_in_the_table_of_items_exists():
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", ITEMS))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_row_of_a_table_stands_under_its_header(page):
    """A table is a block of its own: header, rule, then rows as wide as the header."""
    for block in _prose(page).split("\n\n"):
        lines = block.strip("\n").split("\n")
        table = [line for line in lines if line.startswith("|")]
        if table:
            assert lines == table, f"text and rows in one block: {table[0]}"
            assert re.fullmatch(r"(\|:?-+:?)+\|", table[1]), f"no header: {table[0]}"
            wide = [len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line))) for line in table]
            assert set(wide) == {wide[0]}, f"uneven rows below {table[0]}"


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_line_stands_before_every_heading(page):
    assert re.findall(r"[^\n]\n(#+ .*)", _prose(page)) == []


def _prose(page: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def test_a_table_of_a_benchmark_may_be_another_list_of_its_result():
    page = HOOKS.on_page_markdown("<!-- table: duplicates -->|<!-- table: duplicates.real -->")
    rows, real = page.split("|Measured on ")
    assert "| rensa unverified |" in rows
    assert "| ratio | median | lowest | highest |" in rows
    assert "| dup_febrl/records | 0.38 | 0.9738 |" in real
    assert "ratio" not in real


@pytest.mark.parametrize("path", OPTIONS)
def test_the_guide_names_every_option(path):
    assert path.rsplit(".", 1)[-1] in re.findall(r"\w+", GUIDE)


def test_the_reference_has_a_heading_for_every_option():
    headings = re.findall(r"^#{2,3} `(.+?)`", HOOKS.spec_page(), re.MULTILINE)
    assert sorted(headings) == sorted(OPTIONS)


def test_every_option_says_what_it_is():
    assert all(field.description for _, field in HOOKS.spec_options())


def test_every_verb_stands_in_the_reference():
    page = HOOKS.cli_page()
    for verb in (
        "init",
        "plan",
        "run",
        "report",
        "serve",
        "bench",
        "watch",
        "promote",
        "rollback",
        "history",
    ):
        assert f"## `trimtab {verb}`" in page


def test_every_dependency_says_why():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    names = {re.split(r"[\[>=<;]", one)[0] for one in wanted} - {"trimtab"}
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_every_exit_code_is_explained():
    kinds = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.TrimtabError)
    ]
    for code in {kind.exit_code for kind in kinds} | {0}:
        assert re.search(rf"^\| {code} \| ", GUIDE, re.MULTILINE)


def test_contributing_names_every_target_of_the_makefile():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    said = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [target for target in phony[1].split() if f"`make {target}`" not in said] == []


def test_contributing_names_every_registry_and_tests_that_exist():
    said = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for room, _ in HOOKS.registries():
        assert f"{room}/__init__.py" in said
    for test in re.findall(r"tests/[\w/]+\.py", said):
        assert (ROOT / test).is_file(), test


@pytest.mark.slow
def test_it_builds_without_a_warning_and_asks_the_network_for_nothing(tmp_path):
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)[^>]*(?:src|href)=\"?(https?://[^\" >]+)", page.read_text()
        )
        assert loaded == [], page
