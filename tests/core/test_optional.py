"""Packages that only some steps need."""

from __future__ import annotations

import pytest

from trimtab.core.errors import EnvironmentFault
from trimtab.core.optional import optional


def test_it_names_the_extra_that_brings_what_is_absent():
    with pytest.raises(EnvironmentFault) as caught:
        optional("no_such_package.inside", "data", "step semantic_duplicates")
    assert str(caught.value) == (
        "step semantic_duplicates: needs no_such_package, which is not installed; pip install 'trimtab[data]'"
    )
