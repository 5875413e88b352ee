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
        # others
        "rare_tokens": "trimtab.data.terms:RareTokens",
        "impute": "trimtab.data.impute:Impute",
        "iqr": "trimtab.data.outliers:Iqr",
        "zscore": "trimtab.data.outliers:ZScore",
        "random_edit": "trimtab.data.augment_text:RandomEdit",
    },
)

__all__ = ["STEPS"]
