"""Tensors as bytes, for the binary form of REST and the raw form of gRPC (Open Inference Protocol v2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from struct import pack, unpack_from
from typing import TYPE_CHECKING

import numpy as np

from trimtab.serve.refusal import Invalid, Malformed

if TYPE_CHECKING:
    from trimtab.serve.engine import Ticket

INPUT = "text"
OUTPUTS = ("label", "confidence", "probabilities")
DEFAULT_OUTPUTS = ("label", "confidence")
DATATYPES = {"label": "BYTES", "confidence": "FP32", "probabilities": "FP32"}


def pack_texts(texts: Iterable[bytes]) -> bytes:
    """A BYTES tensor: each element is its length (4 bytes, little-endian), then itself.

    >>> pack_texts([b"ab"])
    b'\\x02\\x00\\x00\\x00ab'
    """
    return b"".join(pack("<I", len(text)) + text for text in texts)


def unpack_texts(raw: bytes) -> list[str]:
    """The texts of a BYTES tensor.

    Raises:
        Malformed: torn, or not UTF-8.
    """
    texts, at = [], 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise Malformed(f"byte {at} of the tensor", "a length is torn", "prefix each text with 4 bytes")
        (size,) = unpack_from("<I", raw, at)
        at += 4
        if at + size > len(raw):
            raise Malformed(
                f"byte {at} of the tensor", f"{size} bytes promised, fewer there", "send all of it"
            )
        texts.append(as_text(raw[at : at + size]))
        at += size
    return texts


def as_text(raw: bytes) -> str:
    """UTF-8 bytes as text.

    Raises:
        Malformed: they are not UTF-8.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"input '{INPUT}'", f"not UTF-8 ({error.reason})", "encode texts as UTF-8") from error


def check_shape(shape: Sequence[int], texts: int) -> None:
    """Refuse a shape that does not hold `texts` elements.

    Raises:
        Invalid: it holds another number.
    """
    if prod(shape) != texts or min(shape, default=0) < 0:
        raise Invalid(f"input '{INPUT}'", f"shape {list(shape)} for {texts} texts", f"send shape [{texts}]")


def output_shape(name: str, ticket: Ticket) -> list[int]:
    """The shape of an output."""
    n = len(ticket.texts)
    return [n, len(ticket.rows[0])] if name == "probabilities" else [n]


def output_raw(name: str, ticket: Ticket, labels: Sequence[bytes]) -> bytes:
    """An output as bytes; `labels` are the class names."""
    if name == "label":
        return pack_texts(labels[at] for at in ticket.labels)
    if name == "confidence":
        return np.array(ticket.confidence, "<f4").tobytes()
    return ticket.probabilities().astype("<f4").tobytes()
