"""Data repairs, drops and multiplies rows."""

from trimtab.core.registry import Registry

STEPS = Registry(
    "data step",
    "trimtab.data",
    {
        "drop_duplicates": "trimtab.data.duplicates:DropDuplicates",
        "near_duplicates": "trimtab.data.duplicates:NearDuplicates",
        "rare_tokens": "trimtab.data.term_frequency:RareTokens",
        "impute": "trimtab.data.impute:Impute",
        "iqr": "trimtab.data.outliers:Iqr",
        "zscore": "trimtab.data.outliers:ZScore",
        "random_edit": "trimtab.data.augment_text:RandomEdit",
        # outliers and text filters
        "robust_zscore": "trimtab.data.outliers:RobustZScore",
        "quantile_clip": "trimtab.data.outliers:QuantileClip",
        "isolation_forest": "trimtab.data.isolation_forest:IsolationForest",
        "hampel": "trimtab.data.hampel:Hampel",
        "term_frequency": "trimtab.data.term_frequency:TermFrequency",
        "text_length": "trimtab.data.text_filters:TextLength",
        "charset_noise": "trimtab.data.text_filters:CharsetNoise",
        "language": "trimtab.data.language:Language",
        # imputation and gaps of series
        "missing_indicator": "trimtab.data.missing_indicator:MissingIndicator",
        "impute_knn": "trimtab.data.impute_knn:ImputeKnn",
        "impute_model": "trimtab.data.impute_model:ImputeModel",
        "interpolate": "trimtab.data.interpolate:Interpolate",
        "rolling_impute": "trimtab.data.rolling_impute:RollingImpute",
    },
)

__all__ = ["STEPS"]
