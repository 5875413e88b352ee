"""How far a selection depends on which rows it saw."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def stability(chosen: np.ndarray, confidence: float = 0.95) -> tuple[float, float, float] | tuple[()]:
    """The stability of selections `chosen` (resamples, features) bool, with its interval; 1 is always the
    same.

    Nogueira, Sechidis & Brown (2018), "On the stability of feature selection algorithms", eq. 4 and theorem
    7. 0 is what chance gives, and of sets of one size it is Kuncheva's index. Empty where it is not
    defined: fewer than two resamples, or all features or none always chosen.
    """
    kept = np.asarray(chosen, np.float64)
    if kept.size == 0 or len(kept) < 2:
        return ()
    resamples, features = kept.shape
    share, sizes = kept.mean(axis=0), kept.sum(axis=1)
    mean_size = sizes.mean()
    chance = mean_size / features * (1 - mean_size / features)
    if chance == 0:
        return ()
    spread = resamples / (resamples - 1) * share * (1 - share)
    found = 1 - spread.mean() / chance
    each = (kept @ share / features - sizes * mean_size / features**2) / chance + found / 2 * (
        2 * mean_size * sizes / features**2 - sizes / features - mean_size / features + 1
    ) / chance
    error = 2 / resamples * np.sqrt(((each - each.mean()) ** 2).sum())
    reach = float(norm.ppf(0.5 + confidence / 2)) * error
    return float(found), float(found - reach), float(min(found + reach, 1.0))
