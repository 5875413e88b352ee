"""Tuning proposes training parameters; what a setting scores is asked from outside."""

from trimtab.core.registry import Registry

SAMPLERS = Registry(
    "sampler",
    "trimtab.tune",
    {
        "tpe": "trimtab.tune.bayes:Tpe",
        "random": "trimtab.tune.random:Uniform",
        "grid": "trimtab.tune.grid:Grid",
    },
)

__all__ = ["SAMPLERS"]
