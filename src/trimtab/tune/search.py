"""The search: ask a sampler for a setting, have it scored, until trials, time or settings end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.tune import SAMPLERS
from trimtab.tune.sampler import Sampler, Space, Trial

Score = Callable[[Mapping[str, Any]], tuple[float, float]]
"""From parameters to score and seconds."""


def search(
    score: Score,
    space: Space,
    sampler: str,
    trials: int,
    seconds: float,
    seed: int,
    tell: Callable[[Trial], object] | None = None,
) -> list[Trial]:
    """Trials in the order they ran; the first takes the family's defaults (no parameters).

    Where `space` is empty there is nothing else to try.

    The time limit counts the seconds that trials took, those of an earlier, killed try included.
    """
    asked: Sampler = SAMPLERS.load(sampler, place="tune.sampler")(space, seed)
    done: list[Trial] = []
    proposal: dict[str, Any] | None = {}
    while proposal is not None:
        trial = Trial(len(done), proposal, *score(proposal))
        done.append(trial)
        if tell is not None:
            tell(trial)
        if not space or len(done) >= trials or sum(each.seconds for each in done) >= seconds:
            break
        proposal = asked.propose(done)
    return done


def best(trials: list[Trial]) -> Trial:
    """The highest score; of equals, the earliest."""
    return max(trials, key=lambda trial: (trial.score, -trial.number))
