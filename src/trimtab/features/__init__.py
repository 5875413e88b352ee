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
    },
)

__all__ = ["FEATURES"]
