"""Fixtures that several rooms use: small, real, made on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest

from project import write_project
from tiny import tiny_bundle
from trimtab.core.bundle import Bundle


@pytest.fixture
def bundle(tmp_path) -> Bundle:
    return tiny_bundle(tmp_path / "bundle")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The current folder: a small project."""
    folder = write_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Every candidate of a small trained encoder, what it was trained to, and validation rows."""
    from learners import compressed

    return compressed(tmp_path_factory.mktemp("compressed"))
