"""Compares two things honestly: who sees what, whether the split is right, what the difference is.

A library so far: no verb splits traffic between two versions yet, so nothing else in trimtab calls it.
"""

from trimtab.core.registry import Registry

EXPERIMENTS = Registry(
    "experiment",
    "trimtab.experiment",
    {
        "sequential": "trimtab.experiment.sequential:Sequential",
        "ratio": "trimtab.experiment.ratio:SampleRatio",
        "guardrail": "trimtab.experiment.guardrail:Guardrail",
    },
)

__all__ = ["EXPERIMENTS"]
