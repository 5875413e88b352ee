"""Keeps the features that gradient boosted trees split on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from trimtab.core.optional import optional
from trimtab.features.matrix import Matrix
from trimtab.features.select.base import Keep, Select, Selection, best
from trimtab.features.target import Target


@dataclass(frozen=True)
class SelectImportance(Select):
    """Keep the features with the most gain in XGBoost's trees (Chen & Guestrin, 2016).

    `importance` is the gain of all splits on a feature, or their mean, which favours features that are split
    on once. Trees see dependences that correlation does not; of copies they use one. One thread, so that sums
    are the same on every machine.
    """

    name: ClassVar[str] = "select_importance"

    keep: Keep = 0.5
    importance: Literal["total_gain", "gain"] = "total_gain"
    trees: Annotated[int, Field(ge=1)] = 30
    depth: Annotated[int, Field(ge=1)] = 4
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.3

    def select(self, features: Matrix, target: Target) -> Selection:
        """By gain."""
        if features.shape[1] == 0:
            return Selection(np.zeros(0), np.zeros(0, bool))
        xgboost = optional("xgboost", "data", f"step {self.name}")
        several = {"objective": "multi:softmax", "num_class": target.classes}
        purpose = several if target.classes else {"objective": "reg:squarederror"}
        settings = {
            "max_depth": self.depth,
            "eta": self.learning_rate,
            "tree_method": "hist",
            "seed": self.seed,
            "nthread": 1,
            "verbosity": 0,
            **purpose,
        }
        trees = xgboost.train(settings, xgboost.DMatrix(features, label=target.values), self.trees)
        scores = np.zeros(features.shape[1])
        for name, gain in trees.get_score(importance_type=self.importance).items():
            scores[int(name.removeprefix("f"))] = gain
        return Selection(scores, best(scores, self.keep))
