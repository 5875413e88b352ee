"""The data steps, each by itself: on arrays, pandas and Polars frames, in pipelines of scikit-learn and
imbalanced-learn.

A step that keeps rows is a transformer, one that drops or adds rows a sampler; one whose `action` decides is
what its `action` says. Their names are those of the steps' classes. Needs scikit-learn (`trimtab[data]`).

>>> import polars as pl
>>> from trimtab.data import steps
>>> frame = pl.DataFrame({"age": [30, None, 50, 40, 35, 45, 900]})
>>> steps.Impute().fit_transform(frame)["age"].to_list()
[30.0, 42.5, 50.0, 40.0, 35.0, 45.0, 900.0]
>>> sampler = steps.Iqr()
>>> rows, _ = sampler.fit_resample(frame)
>>> sampler.dropped_[0].reason
'age 900 is outside 17.5 to 67.5 (iqr)'
"""

from __future__ import annotations

from trimtab.data import STEPS
from trimtab.data.alone.classes import Classes
from trimtab.data.alone.estimators import base_of

_CLASSES = Classes(STEPS, __name__, base_of)
__all__ = sorted(_CLASSES.names)  # noqa: PLE0605 - made from the registry
__getattr__ = _CLASSES.get


def __dir__() -> list[str]:
    return __all__
