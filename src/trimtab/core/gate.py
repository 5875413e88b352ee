"""The accuracy gate: how often it may err in a run, how that is shared, and in which order it tests.

Every hypothesis says that a candidate's true accuracy drop exceeds the budget; a candidate passes when its
hypothesis is rejected. Two devices keep the chance that *any* wrong candidate passes at `ERROR`:

* Candidates that compute what the trained network computes, in other numbers (`distance` 0 and 1), are
  tested first, one after the other, each at `ERROR`. The first that fails ends all testing (fixed sequence:
  Maurer, Hothorn and Lehmacher, 1995).
* Then two branches are open, each with its share of `ERROR` (weighted Bonferroni; the whole is a graph in the
  sense of Bretz, Maurer, Brannath and Posch, 2009): the cascade and the students. The cascade's branch is the
  fixed sequence of its thresholds, from the strictest down, which `compress.cascade` walks before it is
  measured; the students' branch is the sequence of their distances.

So if a wrong candidate stands before the branches, only its own test can err, at most `ERROR`; if none does,
at most the two branches can, with their shares. Orders and shares were settled before any row was
answered, whatever candidates a run makes: that some are missing, or break another budget, costs
power and never the error rate. The cascade has the larger share, since a student alone seldom keeps up.
"""

from __future__ import annotations

from collections.abc import Mapping

ERROR = 0.05
"""Most often that a run accepts any candidate whose true accuracy drop exceeds the budget."""
SAME_NETWORK, CASCADE = 1, 2
"""The largest distance of a candidate that is the trained network in other numbers; that of a cascade."""
_TRUNK, _FRONT, _STUDENTS = "trunk", "cascade", "students"
_SHARES = {_TRUNK: ERROR, _FRONT: 0.8 * ERROR, _STUDENTS: 0.2 * ERROR}
"""The error rate of the tests in each branch; the trunk's is spent before the others open, or not at all."""


def error_of(distance: int) -> float:
    """The one-sided error rate at which a candidate of this distance is tested."""
    return _SHARES[_branch(distance)]


def level_of(distance: int) -> float:
    """The two-sided level of the interval whose upper end must stay within the budget.

    >>> level_of(0), round(level_of(2), 4)
    (0.9, 0.92)
    """
    return 1 - 2 * error_of(distance)


def untested(passed: Mapping[str, bool], distance: Mapping[str, int]) -> dict[str, str]:
    """The candidates that an earlier failure keeps from being tested, with the name of the one that failed.

    >>> untested({"int8": True, "cascade": False, "small": True}, {"int8": 1, "cascade": 2, "small": 4})
    {}
    >>> untested({"int8": False, "cascade": True}, {"int8": 1, "cascade": 2})
    {'cascade': 'int8'}
    """
    ended: dict[str, str] = {}
    kept_out: dict[str, str] = {}
    for name in sorted(passed, key=lambda name: (distance[name], name)):
        branch = _branch(distance[name])
        failed = ended.get(_TRUNK) or ended.get(branch)
        if failed is not None:
            kept_out[name] = failed
        elif not passed[name]:
            ended[branch] = name
    return kept_out


def _branch(distance: int) -> str:
    if distance <= SAME_NETWORK:
        return _TRUNK
    return _FRONT if distance == CASCADE else _STUDENTS
