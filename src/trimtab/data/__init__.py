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
        # images, series and tables: more train rows
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
        # wrong labels
        "label_errors": "trimtab.data.label_errors:LabelErrors",
    },
)

__all__ = ["STEPS"]
