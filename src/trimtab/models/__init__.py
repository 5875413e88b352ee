"""Architectures and the one training loop."""

from trimtab.core.registry import Registry

FAMILIES = Registry(
    "model family",
    "trimtab.models",
    {
        "bigrams": "trimtab.models.bigrams:Bigrams",
        "minilm": "trimtab.models.pretrained:MiniLM",
        "pretrained": "trimtab.models.pretrained:Pretrained",
        "static": "trimtab.models.static:Static",
        "textcnn": "trimtab.models.textcnn:TextCNN",
    },
)

SMALL = ("bigrams", "static", "textcnn")
"""Families that nothing is distilled from: they are students themselves. So a plan can tell without torch."""

__all__ = ["FAMILIES", "SMALL"]
