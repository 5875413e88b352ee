"""Bayesian search by a tree-structured Parzen estimator (Bergstra et al., 2011), through Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import optuna

from trimtab.tune.sampler import Sampler, Trial

STARTUP = 5
"""Random draws before the estimator has something to learn from."""


class Tpe(Sampler):
    """Models good and bad settings jointly (multivariate TPE)."""

    name: ClassVar[str] = "tpe"

    def propose(self, trials: Sequence[Trial]) -> dict[str, Any] | None:
        """The setting that a fresh study, told all trials so far, asks for."""
        kinds = {name: _distribution(*bounds) for name, bounds in self.space.items()}
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(
                seed=self.seed + len(trials), n_startup_trials=STARTUP, multivariate=True
            )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for trial in trials:
            known = {name: kinds[name] for name in trial.parameters}
            study.add_trial(
                optuna.trial.create_trial(
                    params=dict(trial.parameters), distributions=known, value=trial.score
                )
            )
        return dict(study.ask(kinds).params)


def _distribution(kind: str, *values: Any) -> optuna.distributions.BaseDistribution:
    if kind == "choice":
        return optuna.distributions.CategoricalDistribution(values)
    low, high = values
    return optuna.distributions.FloatDistribution(low, high, log=kind == "log")
