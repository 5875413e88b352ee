"""Small translators: a text filter of the operating system, and a model with random weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from folders import kept_folder
from trimtab.data.back_translation import BackTranslation

_folder = cache(lambda: kept_folder("translations"))


def rewriting(**more: object) -> BackTranslation:
    """A back-translation that `sed` plays: it writes the pivot's name for card, and plastic for the pivot."""
    options = {
        "translator": "command",
        "options": {"command": "sed -e s/card/{target}/ -e s/kard/plastic/"},
        "source": "en",
        "pivot": "kard",
        "cache": str(_folder() / "translations.sqlite"),
    }
    return BackTranslation(**{**options, **more})  # type: ignore[arg-type]


def tiny_translator(folder: Path) -> Path:
    """A T5 of one layer with random weights and a tokenizer of words, saved as Hugging Face saves models."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    words = ["<pad>", "</s>", "<unk>", *(f"w{at}" for at in range(29))]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    config = T5Config(
        vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        T5ForConditionalGeneration(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
