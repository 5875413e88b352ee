"""A pretrained encoder that gives a text the same embedding whatever other texts it is asked for with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from trimtab.core.errors import EnvironmentFault
from trimtab.core.hub import model_folder
from trimtab.core.machine import threads
from trimtab.core.optional import optional
from trimtab.core.store import file_hash, value_hash
from trimtab.data.table import brief

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Pooling = Literal["mean", "cls"]
_THREADS_OF_TORCH = Lock()
"""Torch has one number of threads for all callers."""
_FEWEST = 64
"""Tokens of a batch; MKL multiplies matrices of fewer rows than 4, 16 or 56, by processor, in another way."""


@dataclass(frozen=True)
class Encoder:
    """The encoder `source`: a Hugging Face id, a folder, or the packaged `minilm`; `place` names who asks.

    An embedding is the mean of the last hidden states (Reimers and Gurevych, 2019), or the first with
    `pooling: cls`, scaled to length 1; texts are cut at `max_length` tokens. Texts are sorted by length, and
    only those with equally many tokens share a batch: nothing is padded, so an embedding does not depend on
    its batch-mates.
    """

    source: str
    place: str
    pooling: Pooling = "mean"
    max_length: int = 256
    batch_size: int = 32

    def __call__(self, texts: Sequence[str | None]) -> np.ndarray:
        """Embeddings (texts, width) float32 of length 1; of a missing text zeros.

        Raises:
            EnvironmentFault: torch or the model is not there.
        """
        found = np.zeros((len(texts), self.width), np.float32)
        rows = [at for at, text in enumerate(texts) if text is not None]
        if not rows:
            return found
        tokens = [one.ids for one in self._tokenizer.encode_batch([texts[at] for at in rows])]
        batches = list(equally_long([len(ids) for ids in tokens], self.batch_size))
        encoded = self._encode([[tokens[at] for at in chosen] for chosen in batches])
        for chosen, rows_of_it in zip(batches, encoded, strict=True):
            found[[rows[at] for at in chosen]] = rows_of_it
        length = np.linalg.norm(found.astype(np.float64), axis=1, keepdims=True)
        return (found / np.where(length > 0, length, 1)).astype(np.float32)

    @cached_property
    def width(self) -> int:
        """How many numbers an embedding has."""
        transformers = optional("transformers", "train", self.place)
        try:
            config = transformers.AutoConfig.from_pretrained(model_folder(self.source))
            return int(config.hidden_size)
        except (OSError, ValueError, AttributeError) as error:
            raise EnvironmentFault(
                self.place,
                f"'{self.source}' is no encoder ({brief(error)})",
                "name a folder with config.json, model.safetensors and tokenizer.json",
            ) from error

    def weights_hash(self) -> str:
        """SHA-256 over weights and tokenizer."""
        weights = sorted(model_folder(self.source).glob("*.safetensors")) or [self._file("model.safetensors")]
        return value_hash([file_hash(path) for path in (*weights, self._file("tokenizer.json"))])

    def _encode(self, batches: Sequence[Sequence[Sequence[int]]]) -> list[np.ndarray]:
        """Pooled states (rows, width) of each batch; batches run side by side, each on one thread.

        A product of matrices that torch cuts up among threads rounds differently for another number of rows;
        on one thread it does not, but for a handful of rows, so that so few tokens are repeated (checked
        with AVX2, AVX-512 and AMX: tests/data/test_encoder.py).
        """
        torch = optional("torch", "train", self.place)
        network = self._network

        def encode(tokens: Sequence[Sequence[int]]) -> np.ndarray:
            with torch.inference_mode():
                ids = torch.tensor(tokens)
                ids = ids.repeat(-(-_FEWEST // ids.numel()), 1)
                states = network(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
                states = states[: len(tokens)]
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
        tokenizers = optional("tokenizers", "train", self.place)
        tokenizer: Tokenizer = tokenizers.Tokenizer.from_file(str(self._file("tokenizer.json")))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return tokenizer

    @cached_property
    def _network(self) -> Any:
        transformers = optional("transformers", "train", self.place)
        transformers.utils.logging.disable_progress_bar()  # the chain shows its own
        return transformers.AutoModel.from_pretrained(model_folder(self.source), dtype="float32").eval()

    def _file(self, name: str) -> Path:
        path = model_folder(self.source) / name
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
