"""Drops the weakest features of a linear model, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from trimtab.core.optional import optional
from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Keep, Select, Selection
from trimtab.features.select.linear import ridge, uneven_columns, wide
from trimtab.features.target import Target


@dataclass(frozen=True)
class SelectRfe(Select):
    """Keep what recursive feature elimination leaves (Guyon et al., 2002).

    A ridge model is fitted, the share `step` of the features with the least weights goes, and so on until
    `keep` are left. The score is minus the round in which a feature went. Weights are compared, so features
    should be on one scale (`scale`, `tfidf`, `embed`).
    """

    name: ClassVar[str] = "select_rfe"

    keep: Keep = 0.5
    step: Annotated[float, Field(gt=0, lt=1)] = 0.2
    penalty: Annotated[float, Field(gt=0)] = 1.0

    def select(self, features: Matrix, target: Target) -> Selection:
        """By the round in which a feature goes."""
        width = features.shape[1]
        count = min(self.keep if isinstance(self.keep, int) else ceil(self.keep * width), width)
        if count in (0, width):
            return Selection(np.zeros(width), np.ones(width, bool))
        sklearn = optional("sklearn.feature_selection", "data", f"step {self.name}")
        model = ridge(target, self.penalty, f"step {self.name}")
        with uneven_columns():
            left = sklearn.RFE(model, n_features_to_select=count, step=self.step).fit(
                wide(features), target.values
            )
        return Selection(1.0 - left.ranking_, np.asarray(left.support_))
