"""Chooses the winner: the best measured point within the budgets, or says what binds and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.core.measure import Paired, paired_drop
from trimtab.core.objects import Candidate, Measurement
from trimtab.core.spec import BudgetSpec
from trimtab.core.units import show_ms, show_share, show_size

GATE_LEVEL = 0.90
"""Two-sided level of the interval whose upper end `accuracy_drop` bounds: a one-sided 95 % test."""
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
    that each candidate uses.
    """

    winner: str | None
    binding: str | None
    uses: Mapping[str, tuple[Excess, ...]]
    nearest: tuple[str, ...]

    def excesses(self, name: str) -> tuple[Excess, ...]:
        """The budgets that a candidate breaks."""
        return tuple(one for one in self.uses[name] if one.used > 1)


def choose(
    candidates: Sequence[Candidate],
    drops: Mapping[str, Paired],
    budget: BudgetSpec,
) -> Verdict:
    """The fastest candidate that keeps every budget, by measured throughput.

    `drops` holds for each candidate the paired accuracy drop against the uncompressed model on validation
    rows. The accuracy gate is a non-inferiority test: the upper end of the drop's 95 % interval must stay
    within the budget, and so must the upper end of the p99's interval.

    Several candidates are tested on the same rows, and the best of several lucky ones is no evidence. So
    they are tested in a fixed sequence (Maurer, Hothorn and Lehmacher, 1995), and the first that fails ends
    it: the chance that any candidate passes whose true drop exceeds the budget is that of one test, 5 %,
    however many there are. The sequence goes by `distance` from the trained network, which was known before
    any row was answered. Cascades stand outside that promise: each finds its threshold by a sequence of its
    own on these rows, and one that finds none is not in this sequence, so each brings 5 % of its own.
    """
    uses = {each.name: tuple(used(each, drops[each.name], budget)) for each in candidates}
    _end_sequence(uses, {each.name: each.distance for each in candidates})
    fitting = [each for each in candidates if all(one.used <= 1 for one in uses[each.name])]
    worst = {name: max((one.used for one in found), default=0.0) for name, found in uses.items()}
    nearest = tuple(sorted(worst, key=lambda name: worst[name]))
    winner = max(fitting, key=lambda each: _measured(each).throughput).name if fitting else None
    shown = winner or (nearest[0] if nearest else None)
    binding = max(uses[shown], key=lambda one: one.used).budget if shown and uses[shown] else None
    return Verdict(winner, binding, uses, nearest)


def _end_sequence(uses: dict[str, tuple[Excess, ...]], distance: Mapping[str, int]) -> None:
    """Mark the candidates that come after the first whose accuracy drop fails: they are not tested.

    One that breaks another budget cannot win, so it takes no part.
    """
    failed: tuple[str, Excess] | None = None
    for name in sorted(uses, key=lambda name: (distance[name], name)):
        if any(one.used > 1 and one.budget != ACCURACY for one in uses[name]):
            continue
        own = next((one for one in uses[name] if one.budget == ACCURACY), None)
        if own is None:
            return
        if failed is None:
            failed = (name, own) if own.used > 1 else None
        elif own.used <= 1:
            said = f"not tested: {failed[0]}, nearer to the trained network, failed"
            gate = replace(own, used=failed[1].used, text=said)
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
                f"accuracy drop is at most {show_share(drop.high)} (95 % bound), "
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
