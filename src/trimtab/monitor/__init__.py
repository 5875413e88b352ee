"""Watches traffic: how far it moved from the data the model was made with, and how fast it is answered."""

from trimtab.core.registry import Registry

DETECTORS = Registry(
    "drift detector",
    "trimtab.monitor",
    {
        "nearest_cosine": "trimtab.monitor.ks:NearestCosine",
        "entropy": "trimtab.monitor.ks:Entropy",
        "length": "trimtab.monitor.ks:Length",
        "predicted_classes": "trimtab.monitor.classes:PredictedClasses",
    },
)

__all__ = ["DETECTORS"]
