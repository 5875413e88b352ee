"""The examples of the guide to steps by themselves run, and the reference names every class."""

from __future__ import annotations

import re
from doctest import ELLIPSIS, DocTestParser, DocTestRunner
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from trimtab.data import steps
from trimtab.features import steps as features

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "guide" / "alone.md").read_text(encoding="utf-8")


def test_the_examples_give_what_they_say():
    pytest.importorskip("imblearn")
    pytest.importorskip("pandas")
    blocks = re.findall(r"```pycon\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert len(blocks) > 3
    example = DocTestParser().get_doctest("\n".join(blocks), {}, "alone.md", "alone.md", 0)
    told: list[str] = []
    result = DocTestRunner(optionflags=ELLIPSIS).run(example, out=told.append)
    assert result.failed == 0, "".join(told)
    assert result.attempted > 15


def test_the_reference_names_every_class_and_its_step():
    spec = spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    hooks = module_from_spec(spec)
    spec.loader.exec_module(hooks)
    page = hooks.steps_page()
    for module in (steps, features):
        for name in module.__all__:
            entry = getattr(module, name).entry
            assert f"| `{name}` | [`{entry.name}`]" in page
    assert "| `Impute` | [`impute`](registries.md#data-impute) | transformer | a table |" in page
    assert "| `TextLength` | [`text_length`](registries.md#data-text_length) | sampler | texts |" in page
    assert "| by `action`; by default a sampler | a table |" in page
    assert "| sampler | a table or texts or pictures |" in page
    assert "| sampler | a table or texts or pictures, and y |" in page
    assert "| sampler | pictures |" in page
    assert (
        "| `BackTranslation` | [`back_translation`](registries.md#data-back_translation) | sampler | texts |"
        in page
    )
    assert "| transformer | a table, and y |" in page
