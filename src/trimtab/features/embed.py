"""Sentence embeddings of a pretrained encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from tokenizers import Tokenizer

from trimtab.core.errors import EnvironmentFault
from trimtab.core.hub import model_folder
from trimtab.core.machine import threads
from trimtab.core.objects import Batch
from trimtab.core.optional import optional
from trimtab.core.store import file_hash, value_hash
from trimtab.data.tally import present
from trimtab.features.feature import Feature, Names
from trimtab.features.matrix import unit_rows

_THREADS_OF_TORCH = Lock()
"""Torch has one number of threads for all callers."""


@dataclass(frozen=True)
class Embed(Feature):
    """The embedding of `text` by `encoder`: a Hugging Face id, a folder, or the packaged `minilm`.

    Mean of the last hidden states (Reimers & Gurevych, 2019), or the first with `pooling: cls`; scaled to
    length 1; cut at `max_length` tokens. A missing text is all zeros. Texts are sorted by length, and only
    those with equally many tokens share a batch: nothing is padded, so an embedding does not depend on its
    batch-mates. Learning remembers a hash of the weights, no copy: other weights are refused. Needs torch,
    to serve too.
    """

    name: ClassVar[str] = "embed"
    accepts: ClassVar[frozenset[str]] = frozenset({"text"})
    learned: ClassVar[tuple[str, ...]] = ("width", "weights")

    text: str = "text"
    encoder: str = "minilm"
    pooling: Literal["mean", "cls"] = "mean"
    prefix: str = ""
    max_length: Annotated[int, Field(ge=3)] = 256
    batch_size: Annotated[int, Field(ge=1)] = 32
    width: int | None = None
    weights: str | None = None

    def finish(self, total: object) -> Self:
        """The step with the encoder's width and the hash of its weights and tokenizer."""
        del total
        transformers = optional("transformers", "train", f"step {self.name}")
        width = transformers.AutoConfig.from_pretrained(model_folder(self.encoder)).hidden_size
        return replace(self, width=int(width), weights=self._hash())

    def names(self, sources: Names) -> tuple[str, ...]:
        """Numbers of the dimensions."""
        del sources
        return tuple(f"{self.output}[{at}]" for at in range(self.width or 0))

    def vectors(self, batch: Batch) -> np.ndarray:
        """Embeddings (rows, width) of length 1."""
        present(batch, [self.text], self.name)
        texts = batch[self.text].to_list()
        found = np.zeros((len(texts), self.width or 0), np.float32)
        rows = [at for at, text in enumerate(texts) if text is not None]
        tokens = [one.ids for one in self._tokenizer.encode_batch([self.prefix + texts[at] for at in rows])]
        batches = list(equally_long([len(ids) for ids in tokens], self.batch_size))
        encoded = self._encode([[tokens[at] for at in chosen] for chosen in batches])
        for chosen, rows_of_it in zip(batches, encoded, strict=True):
            found[[rows[at] for at in chosen]] = rows_of_it
        return unit_rows(found)

    def _encode(self, batches: Sequence[Sequence[Sequence[int]]]) -> list[np.ndarray]:
        """Pooled states (rows, width) of each batch; batches run side by side, each on one thread.

        A product of matrices that torch cuts up among threads rounds differently for another number of rows;
        on one thread it does not (checked on AVX2: tests/features/test_text_features.py).
        """
        torch = optional("torch", "train", f"step {self.name}")
        network = self._network

        def encode(tokens: Sequence[Sequence[int]]) -> np.ndarray:
            with torch.inference_mode():
                ids = torch.tensor(tokens)
                states = network(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
                return np.asarray((states[:, 0] if self.pooling == "cls" else states.mean(dim=1)).numpy())

        with _THREADS_OF_TORCH:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                with ThreadPoolExecutor(threads()) as pool:
                    return list(pool.map(encode, batches))
            finally:
                torch.set_num_threads(before)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(self._file("tokenizer.json")))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return tokenizer

    @cached_property
    def _network(self) -> Any:
        if self._hash() != self.weights:
            raise EnvironmentFault(
                f"step {self.name}",
                f"encoder '{self.encoder}' holds other weights than it was learnt with",
                "restore them, or learn again",
            )
        transformers = optional("transformers", "train", f"step {self.name}")
        transformers.utils.logging.disable_progress_bar()
        return transformers.AutoModel.from_pretrained(model_folder(self.encoder), dtype="float32").eval()

    def _hash(self) -> str:
        weights = sorted(model_folder(self.encoder).glob("*.safetensors")) or [
            self._file("model.safetensors")
        ]
        return value_hash([file_hash(path) for path in (*weights, self._file("tokenizer.json"))])

    def _file(self, name: str) -> Path:
        path = model_folder(self.encoder) / name
        if not path.is_file():
            raise EnvironmentFault(
                str(path), "no such file", "save model and fast tokenizer there with save_pretrained"
            )
        return path


def equally_long(lengths: Sequence[int], size: int) -> Iterator[np.ndarray]:
    """Positions in batches of at most `size`, all of one length each, shortest first.

    >>> tuple(len(batch) for batch in equally_long([3, 2, 3, 3], 2))
    (1, 2, 1)
    """
    counted = np.asarray(lengths, np.int64)
    for length in np.unique(counted):
        same = np.flatnonzero(counted == length)
        for start in range(0, len(same), size):
            yield same[start : start + size]
