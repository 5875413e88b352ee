"""Units are assigned to arms by a hash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import ConfigError
from trimtab.core.measure import wilson
from trimtab.experiment.assign import Assignment

UNITS = [f"user {number}" for number in range(20_000)]


@given(st.text(), st.text())
def test_it_keeps_a_unit_where_it_is(salt, unit):
    shares = {"challenger": 0.3, "champion": 0.7}
    assert Assignment(salt, shares).arm(unit) == Assignment(salt, shares).arm(unit)


def test_it_gives_each_arm_its_share():
    arms = [Assignment("s", {"a": 0.1, "b": 0.3, "c": 0.6}).arm(unit) for unit in UNITS]
    for name, share in {"a": 0.1, "b": 0.3, "c": 0.6}.items():
        seen = wilson(arms.count(name), len(arms), level=0.999)
        assert seen.low < share < seen.high


def test_it_only_adds_units_when_the_first_share_grows():
    small = Assignment("s", {"challenger": 0.1, "champion": 0.9})
    large = Assignment("s", {"challenger": 0.2, "champion": 0.8})
    before = {unit for unit in UNITS if small.arm(unit) == "challenger"}
    after = {unit for unit in UNITS if large.arm(unit) == "challenger"}
    assert before < after


def test_it_shuffles_everybody_with_a_new_salt():
    first, second = (Assignment(salt, {"a": 0.5, "b": 0.5}) for salt in ("x", "y"))
    both = sum(first.arm(unit) == second.arm(unit) for unit in UNITS)
    seen = wilson(both, len(UNITS), level=0.999)
    assert seen.low < 0.5 < seen.high


def test_it_never_uses_an_arm_without_a_share():
    arms = {Assignment("s", {"a": 1.0, "b": 0.0}).arm(unit) for unit in UNITS[:500]}
    assert arms == {"a"}


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_it_refuses_shares_that_are_none(shares):
    with pytest.raises(ConfigError, match="give shares of at least 0 that sum to 1"):
        Assignment("s", shares)
