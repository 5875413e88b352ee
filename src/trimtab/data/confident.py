"""Confident learning (Northcutt et al., 2021): which labels are likely wrong, by cleanlab."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from trimtab.core.optional import optional

Cut = Literal["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given"]
Score = Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]


class Doubts(NamedTuple):
    """What cleanlab says of each row: `score` (rows,) from 0 (surely wrong) to 1, `suspect` (rows,) bool."""

    score: np.ndarray
    suspect: np.ndarray


def doubts(classes: np.ndarray, probabilities: np.ndarray, cut: Cut, score: Score, step: str) -> Doubts:
    """The quality of each label, and whether it is below the suggested cut.

    `classes` (rows,) are the given class numbers, `probabilities` (rows, classes) those of models that have
    not seen the row. Each class must have a row.
    """
    filters = optional("cleanlab.filter", "data", f"step {step}")
    ranks = optional("cleanlab.rank", "data", f"step {step}")
    suspect = filters.find_label_issues(classes, probabilities, filter_by=cut, n_jobs=1)
    quality = ranks.get_label_quality_scores(classes, probabilities, method=score)
    return Doubts(np.asarray(quality, float), np.asarray(suspect, bool))
