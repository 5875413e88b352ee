"""Inference requests of the Open Inference Protocol v2 over REST, as JSON and with binary tensors.

In the binary form `Inference-Header-Content-Length` says how many bytes of JSON come first; the tensors
follow in order, each as long as its `binary_data_size`. In the JSON form the texts say themselves how
many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UnsetType

from trimtab.serve.engine import Ticket
from trimtab.serve.messages import InferInput, InferOutput, InferRequest, InferResponse, RequestedOutput
from trimtab.serve.refusal import Invalid, Malformed
from trimtab.serve.service import Service
from trimtab.serve.tensors import (
    DATATYPES,
    DEFAULT_OUTPUTS,
    INPUT,
    check_shape,
    output_raw,
    output_shape,
    unpack_texts,
)

LENGTH_HEADER = b"inference-header-content-length"
_DECODER = msgspec.json.Decoder(InferRequest)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants: its texts, and each output's name with whether it is to be binary."""

    texts: list[str]
    id: str | UnsetType
    outputs: Sequence[tuple[str, bool]]


def read_infer(body: bytes, header_length: bytes | None) -> Asked:
    """The request in a body; `header_length` is the value of the binary form's header.

    Raises:
        Malformed, Invalid: it cannot be read.
    """
    size = len(body) if header_length is None else _size(header_length, len(body))
    try:
        request = _DECODER.decode(body[:size])
    except msgspec.ValidationError as error:
        raise Invalid("body", str(error), "see /openapi.json") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("body", str(error), "send JSON in UTF-8") from error
    return Asked(_texts(request.inputs[0], body[size:]), request.id, _outputs(request))


def write_infer(asked: Asked, ticket: Ticket, service: Service) -> tuple[bytes, int | None]:
    """The body of the response, and the size of its JSON where binary tensors follow."""
    names = service.engine.bundle.labels
    encoded = [name.encode() for name in names]
    outputs, tail = [], []
    for name, binary in asked.outputs:
        output = InferOutput(name, DATATYPES[name], output_shape(name, ticket))
        if binary:
            tail.append(output_raw(name, ticket, encoded))
            output.parameters = {"binary_data_size": len(tail[-1])}
        else:
            output.data = _plain(name, ticket, names)
        outputs.append(output)
    head = msgspec.json.encode(InferResponse(service.name, service.version, outputs, asked.id))
    return (head + b"".join(tail), len(head)) if tail else (head, None)


def _size(said: bytes, most: int) -> int:
    if not said.isdigit() or int(said) > most:
        raise Malformed(
            LENGTH_HEADER.decode(),
            f"'{said.decode('latin-1')}' of {most} bytes",
            "send the JSON's size in bytes",
        )
    return int(said)


def _texts(tensor: InferInput, tail: bytes) -> list[str]:
    if not isinstance(tensor.data, UnsetType):
        return tensor.data
    size = {} if isinstance(tensor.parameters, UnsetType) else tensor.parameters
    if size.get("binary_data_size") != len(tail) or not tail:
        raise Invalid(
            f"input '{INPUT}'",
            f"neither data nor as many bytes as promised ({len(tail)} follow)",
            "send one of them",
        )
    texts = unpack_texts(tail)
    check_shape(tensor.shape, len(texts))
    return texts


def _outputs(request: InferRequest) -> list[tuple[str, bool]]:
    binary = (
        not isinstance(request.parameters, UnsetType) and request.parameters.get("binary_data_output") is True
    )
    if isinstance(request.outputs, UnsetType) or not request.outputs:
        return [(name, binary) for name in DEFAULT_OUTPUTS]
    return [(output.name, _binary(output, binary)) for output in request.outputs]


def _binary(output: RequestedOutput, default: bool) -> bool:
    if isinstance(output.parameters, UnsetType):
        return default
    return output.parameters.get("binary_data", default) is True


def _plain(name: str, ticket: Ticket, labels: Sequence[str]) -> list[str | float]:
    if name == "label":
        return [labels[at] for at in ticket.labels]
    if name == "confidence":
        return list(ticket.confidence)
    flat: list[str | float] = ticket.probabilities().ravel().tolist()
    return flat
