"""Data repairs, drops and multiplies rows."""

from trimtab.core.registry import Registry

STEPS = Registry(
    "data step",
    "trimtab.data",
    {
        # copies
        "drop_duplicates": "trimtab.data.duplicates:DropDuplicates",
        "near_duplicates": "trimtab.data.near_duplicates:NearDuplicates",
        "semantic_duplicates": "trimtab.data.semantic_duplicates:SemanticDuplicates",
        "image_duplicates": "trimtab.data.image_duplicates:ImageDuplicates",
        "record_duplicates": "trimtab.data.record_duplicates:RecordDuplicates",
        # missing values
        "impute": "trimtab.data.impute:Impute",
        "missing_indicator": "trimtab.data.missing_indicator:MissingIndicator",
        "impute_knn": "trimtab.data.impute_knn:ImputeKnn",
        "impute_model": "trimtab.data.impute_model:ImputeModel",
        "interpolate": "trimtab.data.interpolate:Interpolate",
        "rolling_impute": "trimtab.data.rolling_impute:RollingImpute",
        # outliers and text filters
        "iqr": "trimtab.data.outliers:Iqr",
        "zscore": "trimtab.data.outliers:ZScore",
        "robust_zscore": "trimtab.data.outliers:RobustZScore",
        "quantile_clip": "trimtab.data.outliers:QuantileClip",
        "isolation_forest": "trimtab.data.isolation_forest:IsolationForest",
        "hampel": "trimtab.data.hampel:Hampel",
        "rare_tokens": "trimtab.data.term_frequency:RareTokens",
        "term_frequency": "trimtab.data.term_frequency:TermFrequency",
        "text_length": "trimtab.data.text_filters:TextLength",
        "charset_noise": "trimtab.data.text_filters:CharsetNoise",
        "language": "trimtab.data.language:Language",
        # wrong labels
        "label_errors": "trimtab.data.label_errors:LabelErrors",
        # more train rows: texts
        "random_edit": "trimtab.data.augment_text:RandomEdit",
        "random_delete": "trimtab.data.augment_text:RandomDelete",
        "random_swap": "trimtab.data.augment_text:RandomSwap",
        "random_insert": "trimtab.data.augment_text:RandomInsert",
        "synonym": "trimtab.data.synonyms:Synonym",
        "embedding_neighbours": "trimtab.data.neighbours:EmbeddingNeighbours",
        "back_translation": "trimtab.data.back_translation:BackTranslation",
        "spelling_noise": "trimtab.data.spelling:SpellingNoise",
        # more train rows: images, series and tables
        "rotate": "trimtab.data.augment_image:Rotate",
        "crop": "trimtab.data.augment_image:Crop",
        "flip": "trimtab.data.augment_image:Flip",
        "colour_jitter": "trimtab.data.augment_image:ColourJitter",
        "erase": "trimtab.data.augment_image:Erase",
        "mixup": "trimtab.data.mixup:Mixup",
        "jitter": "trimtab.data.augment_series:Jitter",
        "magnitude_scale": "trimtab.data.augment_series:MagnitudeScale",
        "window_slice": "trimtab.data.augment_series:WindowSlice",
        "window_warp": "trimtab.data.augment_series:WindowWarp",
        "gaussian_noise": "trimtab.data.augment_tabular:GaussianNoise",
        "oversample": "trimtab.data.oversample:Oversample",
    },
)

READERS = Registry(
    "reader",
    "trimtab.data.readers",
    {
        "csv": "trimtab.data.read_csv:load",
        "tsv": "trimtab.data.read_csv:load",
        "jsonl": "trimtab.data.read_jsonl:load",
        "ndjson": "trimtab.data.read_jsonl:load",
        "parquet": "trimtab.data.read_parquet:load",
        "arrow": "trimtab.data.read_parquet:load_arrow",
        "feather": "trimtab.data.read_parquet:load_arrow",
        "ipc": "trimtab.data.read_parquet:load_arrow",
        "ts": "trimtab.data.read_series:load",
        "images": "trimtab.data.read_images:load",
        "dataset": "trimtab.data.read_dataset:load",
    },
)
"""What reads a file, by its suffix, and a folder: `load(source, form)` gives a `Table`."""

__all__ = ["READERS", "STEPS"]
