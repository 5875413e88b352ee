"""A sequence-to-sequence model of Hugging Face's, on this machine: opus-mt, NLLB, T5 and their like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from pydantic import Field

from trimtab.core.errors import EnvironmentFault
from trimtab.core.optional import optional
from trimtab.data.translate.base import Translator, directed, wanted


@dataclass(frozen=True)
class HuggingFace(Translator):
    """Translate by `model`, an id or a folder; `{source}` and `{target}` in it become the languages.

    `Helsinki-NLP/opus-mt-{source}-{target}` with `zh` and `en`, for instance. Decoding is a beam search of
    `beams`, so the same text has the same translation; `max_length` bounds its tokens. Marian's tokenizers
    need the package sentencepiece (`trimtab[translate]`).
    """

    name: ClassVar[str] = "huggingface"

    batch_size: Annotated[int, Field(ge=1)] = 16
    model: str = ""
    beams: Annotated[int, Field(ge=1)] = 4
    max_length: Annotated[int, Field(ge=1)] = 256

    def __post_init__(self) -> None:
        wanted(self.model, "model", self.name, "Helsinki-NLP/opus-mt-{source}-{target}")

    def answer(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The best beams."""
        torch = optional("torch", "train", "translator huggingface")
        tokenizer, model = _load(directed(self.model, source, target))
        with torch.inference_mode():
            fed = tokenizer(
                list(texts), padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
            )
            made = model.generate(
                input_ids=fed["input_ids"],
                attention_mask=fed["attention_mask"],
                num_beams=self.beams,
                do_sample=False,
                max_new_tokens=self.max_length,
            )
        return list(tokenizer.batch_decode(made, skip_special_tokens=True))


@lru_cache(maxsize=2)
def _load(source: str) -> tuple[Any, Any]:
    """Tokenizer and model, both directions at once in memory."""
    transformers = optional("transformers", "train", "translator huggingface")
    transformers.utils.logging.disable_progress_bar()  # the chain shows its own
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        return tokenizer, transformers.AutoModelForSeq2SeqLM.from_pretrained(source).eval()
    except (OSError, ValueError, ImportError) as error:
        raise EnvironmentFault(
            f"translator huggingface ('{source}')",
            f"cannot be loaded ({type(error).__name__}: {str(error)[:160]})",
            "name a folder with model and tokenizer, or an id while there is a network; "
            "Marian needs pip install 'trimtab[translate]'",
        ) from error
