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
        "random_edit": "trimtab.data.augment_text:RandomEdit",
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
