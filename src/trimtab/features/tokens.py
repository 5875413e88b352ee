"""Sub-word tokens: a text column becomes lists of token numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from trimtab.core.columns import LISTS, Columns, TextColumn
from trimtab.core.objects import Batch
from trimtab.core.step import Step

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHARACTERS = 100
"""Characters of a text that are read for each token: a token has far fewer, and a text of a megabyte would
hold a server up."""


@dataclass(frozen=True)
class Tokens(Step):
    """Token numbers of `text`, special tokens included, cut at `max_length`; nothing is padded.

    `tokenizer` is the content of a Hugging Face tokenizer.json. A text may be of any length.
    """

    name: ClassVar[str] = "tokens"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    files: ClassVar[dict[str, str]] = {"tokenizer": "tokenizer.json"}

    tokenizer: str = ""
    text: TextColumn = "text"
    max_length: int = 128

    def after(self, columns: Columns) -> Columns:
        """The tokens too."""
        return {**columns, "tokens": frozenset({LISTS})}

    def partial(self, batch: Batch) -> None:
        """Nothing; tokens must not be written over a column of the data."""
        from trimtab.data.kinds import absent

        absent(batch, ["tokens"], self.name, "rename it")

    def __call__(self, batch: Batch) -> Batch:
        """Add the column `tokens`; a missing text has those of an empty one."""
        import polars as pl  # a served model calls `rows` alone, and loads neither

        from trimtab.data.kinds import texts_of

        texts = texts_of(batch, self.text, self.name).fill_null("").to_list()
        return batch.with_columns(tokens=pl.Series(self.rows(texts), dtype=pl.List(pl.Int64)))

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text: the same call in training and in serving."""
        most = CHARACTERS * self.max_length
        if len(texts) == 1:
            return [self._encoder.encode(texts[0][:most]).ids]
        return [encoding.ids for encoding in self._encoder.encode_batch_fast([text[:most] for text in texts])]

    @cached_property
    def _encoder(self) -> Tokenizer:
        from tokenizers import Tokenizer  # the one place that loads it

        encoder: Tokenizer = Tokenizer.from_str(self.tokenizer)
        encoder.no_padding()
        encoder.enable_truncation(self.max_length)
        return encoder
