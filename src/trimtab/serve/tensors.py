"""Tensors as bytes, for the binary form of REST and the raw form of gRPC (Open Inference Protocol v2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.serve.refusal import Malformed

if TYPE_CHECKING:
    from trimtab.serve.ticket import Ticket

INPUT = "text"
OUTPUTS = ("label", "confidence", "probabilities")
DEFAULT_OUTPUTS = ("label", "confidence")
DATATYPES = {"label": "BYTES", "confidence": "FP32", "probabilities": "FP32"}
MAX_RANK = 8
"""Most dimensions of a shape: the product of a thousand of them would take seconds."""


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
        Malformed: it holds another number, or has no dimension or too many.
    """
    if not 0 < len(shape) <= MAX_RANK:
        raise Malformed(f"input '{INPUT}'", f"a shape of {len(shape)} dimensions", f"send shape [{texts}]")
    if min(shape) < 0 or prod(shape) != texts:
        raise Malformed(f"input '{INPUT}'", f"shape {list(shape)} for {texts} texts", f"send shape [{texts}]")


def flat_texts(data: list[Any], shape: Sequence[int]) -> list[str]:
    """The texts of a JSON tensor, given flat or as nested lists in row-major order.

    >>> flat_texts([["a", "b"], ["c", "d"]], [2, 2])
    ['a', 'b', 'c', 'd']

    Raises:
        Malformed: a list is not as long as the shape says, or an element is no string.
    """
    texts = data
    if data and isinstance(data[0], list):
        texts = [data]
        for size in shape:
            if not all(isinstance(row, list) and len(row) == size for row in texts):
                raise Malformed(
                    f"input '{INPUT}'",
                    f"nested lists that are not of shape {list(shape[:MAX_RANK])}",
                    "nest data as shape says, or send it flat",
                )
            texts = [element for row in texts for element in row]
    if not all(isinstance(text, str) for text in texts):
        raise Malformed(f"input '{INPUT}'", "an element of data is no string", "send strings for BYTES")
    check_shape(shape, len(texts))
    return texts


def check_output(name: str) -> None:
    """Refuse an output that the model does not have.

    Raises:
        Malformed: the message names those that it has.
    """
    if name not in OUTPUTS:
        raise Malformed(f"output '{name}'", "no such output", f"ask for {', '.join(OUTPUTS)}")


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
