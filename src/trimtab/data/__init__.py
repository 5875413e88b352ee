"""Data repairs, drops and multiplies rows."""

from trimtab.core.registry import Registry

STEPS = Registry(
    "data step",
    "trimtab.data",
    {
        "drop_duplicates": "trimtab.data.duplicates:DropDuplicates",
        "near_duplicates": "trimtab.data.duplicates:NearDuplicates",
        "rare_tokens": "trimtab.data.terms:RareTokens",
        "impute": "trimtab.data.impute:Impute",
        "iqr": "trimtab.data.outliers:Iqr",
        "zscore": "trimtab.data.outliers:ZScore",
        # Text augmentation
        "random_edit": "trimtab.data.augment_text:RandomEdit",
        "random_delete": "trimtab.data.augment_text:RandomDelete",
        "random_swap": "trimtab.data.augment_text:RandomSwap",
        "random_insert": "trimtab.data.augment_text:RandomInsert",
        "synonym": "trimtab.data.synonyms:Synonym",
        "embedding_neighbours": "trimtab.data.neighbours:EmbeddingNeighbours",
        "back_translation": "trimtab.data.back_translation:BackTranslation",
        "spelling_noise": "trimtab.data.spelling:SpellingNoise",
    },
)

__all__ = ["STEPS"]
