"""A model converted for CTranslate2: the same translations as Transformers, several times faster on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from trimtab.core.columns import Fault
from trimtab.core.errors import EnvironmentFault
from trimtab.core.machine import threads
from trimtab.core.optional import optional
from trimtab.data.translate.base import Translator, directed, wanted


@dataclass(frozen=True)
class CTranslate2(Translator):
    """Translate by the model in `folder`, as `ct2-transformers-converter` leaves it.

    The tokenizer is a Hugging Face one: `tokenizer`, an id or a folder, by default `folder` itself (convert
    with `--copy_files`). `{source}` and `{target}` in both become the languages.
    """

    name: ClassVar[str] = "ctranslate2"

    batch_size: Annotated[int, Field(ge=1)] = 32
    folder: str = ""
    tokenizer: str = ""
    beams: Annotated[int, Field(ge=1)] = 4
    max_length: Annotated[int, Field(ge=1)] = 256

    def __post_init__(self) -> None:
        wanted(self.folder, "folder", self.name, "models/{source}-{target}")

    def check(self, source: str, target: str) -> Iterator[Fault]:
        """The folder must be there."""
        folder = directed(self.folder, source, target)
        if not Path(folder).is_dir():
            yield Fault(f"there is no folder '{folder}'", "convert a model with ct2-transformers-converter")

    def answer(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The best beams."""
        tokenizer, model = _load(
            directed(self.folder, source, target), directed(self.tokenizer or self.folder, source, target)
        )
        fed = [
            tokenizer.convert_ids_to_tokens(ids)
            for ids in tokenizer(list(texts), truncation=True, max_length=self.max_length)["input_ids"]
        ]
        made = model.translate_batch(fed, beam_size=self.beams, max_decoding_length=self.max_length)
        return [
            tokenizer.decode(tokenizer.convert_tokens_to_ids(one.hypotheses[0]), skip_special_tokens=True)
            for one in made
        ]


@lru_cache(maxsize=2)
def _load(folder: str, source: str) -> tuple[Any, Any]:
    ctranslate2 = optional("ctranslate2", "translate", "translator ctranslate2")
    transformers = optional("transformers", "train", "translator ctranslate2")
    try:
        model = ctranslate2.Translator(folder, device="cpu", intra_threads=threads())
        return transformers.AutoTokenizer.from_pretrained(source), model
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        raise EnvironmentFault(
            f"translator ctranslate2 ('{folder}')",
            f"cannot be loaded ({type(error).__name__}: {str(error)[:160]})",
            "convert a model with ct2-transformers-converter, and copy its tokenizer with --copy_files",
        ) from error
