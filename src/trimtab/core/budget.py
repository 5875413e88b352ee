"""Chooses the winner: the best measured point within the budgets, or says what binds and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.core.gate import error_of, level_of, untested
from trimtab.core.measure import Paired, paired_drop
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec
from trimtab.core.units import show_ms, show_share, show_size

GATE_LEVEL = level_of(0)
"""Two-sided level of the interval whose upper end `accuracy_drop` bounds when one model is tested alone."""
ACCURACY = "accuracy_drop"


@dataclass(frozen=True)
class Excess:
    """One budget that a candidate breaks: how much it uses of it (over 1 is too much)."""

    budget: str
    used: float
    text: str


@dataclass(frozen=True)
class Verdict:
    """What the budgets say of all candidates.

    `winner` is None when no candidate fits; `nearest` then lists the candidates by the share they
    exceed their worst budget by, and `binding` names the budget to look at first. When one fits,
    `binding` is the budget of which the winner uses most. `uses` holds the share of every stated budget
    that each candidate uses. `tied` names those that keep every budget and that throughput cannot tell from
    the winner.
    """

    winner: str | None
    binding: str | None
    uses: Mapping[str, tuple[Excess, ...]]
    nearest: tuple[str, ...]
    tied: tuple[str, ...] = ()

    def excesses(self, name: str) -> tuple[Excess, ...]:
        """The budgets that a candidate breaks."""
        return tuple(one for one in self.uses[name] if one.used > 1)


def choose(
    candidates: Sequence[Candidate],
    drops: Mapping[str, Paired],
    budget: BudgetSpec,
) -> Verdict:
    """The fastest candidate that keeps every budget, by measured throughput; of equally fast ones the better.

    Candidates whose throughput intervals reach the fastest one's are equally fast: see `_fastest`.

    `drops` holds for each candidate the paired accuracy drop against the uncompressed model on validation
    rows, at the level of `gate.level_of` its distance. The accuracy gate is a non-inferiority test: the upper
    end of the drop's interval must stay within the budget, and so must the upper end of the p99's interval.

    Several candidates are tested on the same rows, and the best of several lucky ones is no evidence. How
    `gate` orders the tests and shares the error rate keeps the chance that any candidate passes whose
    true drop exceeds the budget at 5 % for the whole run, the cascade's search for a threshold included.
    """
    uses = {each.name: tuple(used(each, drops[each.name], budget)) for each in candidates}
    _end_sequence(uses, {each.name: each.distance for each in candidates})
    fitting = [each for each in candidates if all(one.used <= 1 for one in uses[each.name])]
    worst = {name: max((one.used for one in found), default=0.0) for name, found in uses.items()}
    nearest = tuple(sorted(worst, key=lambda name: worst[name]))
    tied = _fastest(fitting)
    winner = tied[0] if tied else None
    shown = winner or (nearest[0] if nearest else None)
    binding = max(uses[shown], key=lambda one: one.used).budget if shown and uses[shown] else None
    return Verdict(winner, binding, uses, nearest, tied[1:])


def _fastest(fitting: Sequence[Candidate]) -> tuple[str, ...]:
    """Those whose throughput interval reaches the fastest's, the one to deploy first.

    Which of them is fastest another run might see differently, so that does not decide: the most accurate
    on the validation rows does, then the smallest, then the faster by what was seen.
    """
    if not fitting:
        return ()
    line = max((_measured(each).throughput, _measured(each).throughput_low) for each in fitting)[1]
    tied = [each for each in fitting if _measured(each).throughput_high >= line]

    def rank(each: Candidate) -> tuple[float, int, float, str]:
        measured = _measured(each)
        return -measured.accuracy, measured.size_bytes, -measured.throughput, each.name

    return tuple(each.name for each in sorted(tied, key=rank))


def _end_sequence(uses: dict[str, tuple[Excess, ...]], distance: Mapping[str, int]) -> None:
    """Mark the candidates that pass the accuracy gate by themselves and come after one that fails.

    One that breaks another budget cannot win, so it takes no part.
    """
    accuracy = {name: one for name, found in uses.items() for one in found if one.budget == ACCURACY}
    tested = {
        name: one.used <= 1
        for name, one in accuracy.items()
        if all(other.used <= 1 for other in uses[name] if other is not one)
    }
    for name, failed in untested(tested, distance).items():
        own = accuracy[name]
        if own.used <= 1:
            said = f"not tested: {failed}, nearer to the trained network, failed"
            gate = replace(own, used=accuracy[failed].used, text=said)
            uses[name] = tuple(gate if one is own else one for one in uses[name])


def used(candidate: Candidate, drop: Paired, budget: BudgetSpec) -> list[Excess]:
    """The share of each stated budget that a candidate uses, with the sentence that says so."""
    measured = _measured(candidate)
    uses = []
    if budget.accuracy_drop is not None:
        uses.append(
            Excess(
                ACCURACY,
                _share(drop.high, budget.accuracy_drop),
                f"accuracy drop is at most {show_share(drop.high)} "
                f"({100 * (1 - error_of(candidate.distance)):.3g} % bound), "
                f"the budget allows {show_share(budget.accuracy_drop)}",
            )
        )
    if budget.latency_p99 is not None:
        allowed = budget.latency_p99 * 1e3
        uses.append(
            Excess(
                "latency_p99",
                _share(measured.p99_high_ms, allowed),
                f"p99 is {show_ms(measured.p99_ms)}, at most {show_ms(measured.p99_high_ms)} (95 % bound), "
                f"the budget allows {show_ms(allowed)}",
            )
        )
    if budget.size is not None:
        uses.append(
            Excess(
                "size",
                _share(measured.size_bytes, budget.size),
                f"size is {show_size(measured.size_bytes)}, the budget allows {show_size(budget.size)}",
            )
        )
    return uses


def least_drop(rows: int) -> float:
    """The smallest accuracy drop that the gate can show on so many rows: with answers that never differ.

    >>> round(least_drop(1000), 4)
    0.0027
    """
    same = np.ones(rows, dtype=bool)
    return paired_drop(same, same, GATE_LEVEL).high


def pareto(candidates: Sequence[Candidate]) -> set[str]:
    """Names of the candidates that no other beats in accuracy, p99 and size at once."""
    points = {
        each.name: (-_measured(each).accuracy, _measured(each).p99_ms, _measured(each).size_bytes)
        for each in candidates
    }
    return {
        name
        for name, point in points.items()
        if not any(_dominates(other, point) for rival, other in points.items() if rival != name)
    }


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


def _share(value: float, allowed: float) -> float:
    if allowed > 0:
        return max(0.0, value) / allowed
    return 0.0 if value <= 0 else float("inf")


def _measured(candidate: Candidate) -> Measurement:
    if candidate.measured is None:
        raise ValueError(f"candidate '{candidate.name}' was not measured")
    return candidate.measured
