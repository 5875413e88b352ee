"""Keeps some train rows back for validation: the same share of every class, copies of a text together."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from trimtab.core.objects import Batch
from trimtab.data.terms import normal


def split(
    batch: Batch, share: float, seed: int, text: str = "text", label: str = "label"
) -> tuple[Batch, Batch]:
    """Train and validation rows, each in the order of `batch`.

    Of each class, `share` of the rows (rounded) go to validation, but at least one text stays in train. Who
    goes is decided by a hash of seed and text: the order of the rows does not matter, and another row more or
    less moves few others. Rows with the same text, as `terms.normal` compares, stand on the same side,
    whatever their labels.
    """
    chosen: set[str] = set()
    for texts in _by_class(batch, text, label).values():
        wanted = int(share * sum(texts.values()) + 0.5)
        ranked = sorted(texts, key=lambda key: _rank(key, seed))
        for key in ranked[: len(ranked) - 1]:
            if wanted < texts[key]:
                break
            wanted -= texts[key]
            chosen.add(key)
    held = np.array([normal(value) in chosen for value in batch[text]], dtype=bool)
    return batch.take(np.flatnonzero(~held)), batch.take(np.flatnonzero(held))


def _by_class(batch: Batch, text: str, label: str) -> dict[str, dict[str, int]]:
    """Class to its texts to the rows with that text; a text of several classes counts for its first row's."""
    order = np.argsort(batch.ids, kind="stable").tolist()
    values, labels = batch[text].to_list(), batch[label].to_list()
    home: dict[str, str] = {}
    classes: dict[str, dict[str, int]] = {}
    for at in order:
        key = normal(values[at])
        texts = classes.setdefault(home.setdefault(key, labels[at]), {})
        texts[key] = texts.get(key, 0) + 1
    return classes


def _rank(key: str, seed: int) -> bytes:
    return blake2b(f"{seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
