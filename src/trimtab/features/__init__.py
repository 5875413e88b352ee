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
    },
)

__all__ = ["FEATURES"]
