import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.spec_file import read_spec
from trimtab.loop.init import examples, init
from trimtab.loop.plan import plan


def test_it_makes_a_project_that_can_be_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = init("banking77")
    assert plan(file).estimate.rows == pytest.approx(13_083, rel=0.01)
    assert sorted(path.name for path in file.parent.iterdir()) == ["data", "trimtab.yaml"]


def test_it_writes_a_spec_to_fill_in_when_no_example_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read = read_spec(init())
    assert read.spec.budget.size == 25_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["trimtab.yaml"]


@pytest.mark.parametrize("example", examples())
def test_every_example_explains_itself(tmp_path, example):
    text = init(example, tmp_path / "project").read_text()
    assert text.count("#") >= 8
    assert read_spec(tmp_path / "project" / "trimtab.yaml")


def test_it_never_overwrites(tmp_path):
    file = init("blank", tmp_path)
    file.write_text("mine")
    with pytest.raises(ConfigError, match="exists already, and is not overwritten"):
        init("blank", tmp_path)
    assert init("blank", tmp_path, if_missing=True) == file
    assert file.read_text() == "mine"


def test_it_names_the_examples_that_exist(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'banking77'"):
        init("banking", tmp_path)
