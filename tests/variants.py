"""Steps under other parameters than their defaults: the laws of blocks, order and disk must hold for them."""

from __future__ import annotations

from typing import Any

GAPS = ("linear", "time", "pchip", "spline", "backward")

TABLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    # outliers: ranges by group, and what is done about them
    ("iqr", "table", {"by": ["city"]}),
    ("iqr", "table", {"by": ["city"], "action": "null"}),
    ("iqr", "english", {"columns": ["text", "amount"], "action": "flag"}),
    ("zscore", "table", {"by": ["city", "label"], "action": "clip", "limit": 1.0}),
    ("zscore", "english", {"columns": ["amount"], "by": ["kind"], "limit": 1.0}),
    ("robust_zscore", "table", {"action": "clip"}),
    ("robust_zscore", "english", {"by": ["label"], "limit": 1.0}),
    ("quantile_clip", "table", {"by": ["city"], "low": 0.1, "high": 0.9}),
    ("quantile_clip", "table", {"action": "drop", "low": 0.1, "high": 0.9}),
    ("isolation_forest", "table", {"action": "flag", "share": 0.1}),
    *(
        ("hampel", "series", {"by": ["sensor"], "action": action, "live": live, "window": 5})
        for action, live in (("drop", True), ("clip", True), ("flag", False), ("null", False))
    ),
    # gaps
    *(("interpolate", "series", {"method": method, "live": False, "by": ["sensor"]}) for method in GAPS),
    ("interpolate", "series", {"method": "linear", "live": False, "limit": 1}),
    ("interpolate", "series", {"method": "seasonal", "period": 6, "by": ["sensor"]}),
    ("interpolate", "series", {"method": "seasonal", "period": 6, "live": False, "by": ["sensor"]}),
    ("rolling_impute", "series", {"statistic": "median", "by": ["sensor"], "limit": 2}),
    ("rolling_impute", "series", {"live": False, "window": 3, "by": ["sensor"]}),
    ("impute", "table", {"numeric": "mean", "categorical": "constant"}),
    ("impute", "table", {"numeric": "most_frequent", "categorical": "none", "columns": ["age", "visits"]}),
    ("impute_knn", "table", {"weights": "distance", "reference": 10, "neighbours": 2}),
    ("impute_model", "table", {"rounds": 2, "reference": 20, "seed": 3}),
    # copies: who stays, and what is compared
    ("drop_duplicates", "english", {"fold": True, "keep": "longest"}),
    ("drop_duplicates", "english", {"columns": ["kind"], "keep": "majority_label"}),
    ("drop_duplicates", "table", {"columns": ["city", "visits"], "keep": "most_complete"}),
    ("near_duplicates", "english", {"unit": "words", "width": 2, "similarity": 0.6, "keep": "longest"}),
    ("near_duplicates", "chinese", {"similarity": 0.5, "keep": "majority_label"}),
    ("record_duplicates", "table", {"similarity": 0.4, "keep": "majority_label"}),
    ("record_duplicates", "table", {"similarity": 0.5, "block": ["city"], "keep": "most_complete"}),
    ("semantic_duplicates", "embedded", {"similarity": 0.3, "keep": "longest"}),
    # rows that go, and rows that come
    ("label_errors", "table", {"action": "drop", "folds": 3}),
    ("text_length", "english", {"unit": "words", "shortest": 3, "longest": 10}),
    ("language", "english", {"keep": ["zh"]}),
    ("term_frequency", "english", {"action": "remove", "max_share": 0.5}),
    ("random_edit", "english", {"copies": 2, "least_cosine": 0.4, "same_label": True}),
    ("oversample", "table", {"ratio": 0.8, "seed": 1}),
    ("gaussian_noise", "table", {"copies": 2, "share": 0.5, "columns": ["age"]}),
    ("window_slice", "curves", {"copies": 2, "share": 0.5}),
    ("mixup", "images", {"copies": 2, "share": 0.5}),
    # features
    ("tfidf", "english", {"unit": "char", "ngrams": [2, 3], "min_df": 1, "max_features": 20}),
    ("scale", "table", {"method": "robust"}),
    ("one_hot", "table", {"min_count": 1, "most": 2}),
    ("ordinal", "table", {"by": "frequency"}),
    ("target_encode", "table", {"columns": ["city"], "folds": 3, "smoothing": 1.0}),
    ("target_encode", "table", {"columns": ["city"], "label": "age"}),
    ("lags", "series", {"by": ["sensor"], "lags": [1, 7]}),
    ("rolling", "series", {"by": ["sensor"], "windows": [4], "current": True}),
    ("select_correlation", "table", {"method": "spearman", "keep": 1, "resamples": 4}),
)
"""Step, the sample it runs on, and parameters as a spec may give them."""

VARIANTS = {
    f"{step}-{'-'.join(f'{name}={value}' for name, value in more.items())}": (step, sample, more)
    for step, sample, more in TABLE
}
