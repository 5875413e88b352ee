from importlib.metadata import EntryPoint

import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.registry import Registry


@pytest.fixture
def registry():
    return Registry(
        "part", "trimtab.parts", {"dict": "collections:OrderedDict", "deque": "collections:deque"}
    )


@pytest.fixture
def outside(monkeypatch):
    def publish(name, value):
        point = EntryPoint(name, value, "trimtab.parts")
        monkeypatch.setattr("trimtab.core.registry.entry_points", lambda **_: [point])

    return publish


def test_it_imports_a_part_only_when_asked_for_it():
    lazy = Registry("part", "trimtab.parts", {"missing": "no.such.module:Class"})
    assert list(lazy) == ["missing"]
    with pytest.raises(ModuleNotFoundError):
        lazy.load("missing")


def test_it_gives_the_nearest_spelling_and_all_that_exists(registry):
    with pytest.raises(ConfigError) as error:
        registry.load("dequeu", place="trimtab.yaml:3")
    assert (
        str(error.value) == "trimtab.yaml:3: no part 'dequeu'; did you mean 'deque'? available: deque, dict"
    )


def test_it_takes_parts_of_other_packages(registry, outside):
    outside("counter", "collections:Counter")
    assert registry.load("counter").__name__ == "Counter"
    assert len(registry) == 3


def test_it_refuses_a_name_that_is_taken(registry, outside):
    outside("dict", "collections:Counter")
    with pytest.raises(ConfigError, match=r"part 'dict' exists already as collections:OrderedDict; rename"):
        list(registry)
