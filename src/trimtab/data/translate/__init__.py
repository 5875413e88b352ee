"""Translators for back-translation: models on this machine, endpoints, external commands."""

from trimtab.core.registry import Registry

TRANSLATORS = Registry(
    "translator",
    "trimtab.data.translate",
    {
        "huggingface": "trimtab.data.translate.huggingface:HuggingFace",
        "ctranslate2": "trimtab.data.translate.ctranslate:CTranslate2",
        "openai": "trimtab.data.translate.openai:OpenAI",
        "command": "trimtab.data.translate.command:Command",
    },
)

__all__ = ["TRANSLATORS"]
