"""Features turn columns into numbers."""

from trimtab.core.registry import Registry

FEATURES = Registry(
    "feature step",
    "trimtab.features",
    {
        "tokens": "trimtab.features.tokens:Tokens",
        # texts
        "tfidf": "trimtab.features.tfidf:TfIdf",
        "hashing": "trimtab.features.hashing:Hashing",
        "word2vec": "trimtab.features.word2vec:Word2Vec",
        "embed": "trimtab.features.embed:Embed",
        # tables
        "scale": "trimtab.features.scale:Scale",
        "one_hot": "trimtab.features.encode:OneHot",
        "ordinal": "trimtab.features.encode:Ordinal",
        "target_encode": "trimtab.features.target_encode:TargetEncode",
        "dates": "trimtab.features.dates:Dates",
        # series
        "lags": "trimtab.features.lags:Lags",
        "rolling": "trimtab.features.rolling:Rolling",
        "calendar": "trimtab.features.calendar:Calendar",
        "fourier": "trimtab.features.fourier:Fourier",
        # columns of features
        "fuse": "trimtab.features.fuse:Fuse",
        "select_variance": "trimtab.features.select.variance:SelectVariance",
        "select_correlation": "trimtab.features.select.correlation:SelectCorrelation",
        "select_mutual_info": "trimtab.features.select.mutual_info:SelectMutualInfo",
        "select_importance": "trimtab.features.select.importance:SelectImportance",
        "select_permutation": "trimtab.features.select.permutation:SelectPermutation",
        "select_rfe": "trimtab.features.select.rfe:SelectRfe",
    },
)

READ = ("tokens",)
"""The steps whose columns the model families read; what the others write is for use outside."""

__all__ = ["FEATURES", "READ"]
