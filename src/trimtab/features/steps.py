"""The feature steps, each by itself: transformers of scikit-learn on arrays, texts, pandas and Polars frames.

Their names are those of the steps' classes. Needs scikit-learn (`trimtab[data]`).

>>> from trimtab.features import steps
>>> tfidf = steps.TfIdf(min_df=1, ngrams=(1, 1))
>>> tfidf.fit_transform(["my card", "lost card"]).shape
(2, 3)
>>> tfidf.get_feature_names_out().tolist()
['card', 'lost', 'my']
"""

from __future__ import annotations

from trimtab.data.alone.classes import Classes
from trimtab.features import FEATURES
from trimtab.features.alone import features_base

_CLASSES = Classes(FEATURES, __name__, features_base)
__all__ = sorted(_CLASSES.names)  # noqa: PLE0605 - made from the registry
__getattr__ = _CLASSES.get


def __dir__() -> list[str]:
    return __all__
