"""Inference requests of the Open Inference Protocol v2 over REST, as JSON and with binary tensors.

In the binary form `Inference-Header-Content-Length` says how many bytes of JSON come first; the tensors
follow in order, each as long as its `binary_data_size`. A request that is not as the protocol and the
model's metadata say is `Malformed` (400), as the protocol proposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UnsetType

from trimtab.serve.messages import (
    InferInput,
    InferOutput,
    InferRequest,
    InferResponse,
    RequestedOutput,
    decode,
)
from trimtab.serve.refusal import Malformed
from trimtab.serve.service import Service
from trimtab.serve.tensors import (
    DATATYPES,
    DEFAULT_OUTPUTS,
    INPUT,
    check_output,
    check_shape,
    flat_texts,
    output_raw,
    output_shape,
    unpack_texts,
)
from trimtab.serve.ticket import Ticket

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
        Malformed: it cannot be read.
    """
    size = len(body) if header_length is None else _size(header_length, len(body))
    request = decode(_DECODER, body[:size])
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
    """The texts of the input, in JSON or in the `tail` that follows it; never in both."""
    place = f"input '{INPUT}'"
    size = None if isinstance(tensor.parameters, UnsetType) else tensor.parameters.get("binary_data_size")
    if isinstance(tensor.data, UnsetType) == (size is None):
        raise Malformed(
            place, f"{'neither' if size is None else 'both'} data and binary_data_size", "send one"
        )
    if (size or 0) != len(tail):
        raise Malformed(place, f"binary_data_size {size or 0}, but {len(tail)} bytes follow", "send as many")
    if not isinstance(tensor.data, UnsetType):
        return flat_texts(tensor.data, tensor.shape)
    texts = unpack_texts(tail)
    check_shape(tensor.shape, len(texts))
    return texts


def _outputs(request: InferRequest) -> list[tuple[str, bool]]:
    binary = (
        not isinstance(request.parameters, UnsetType) and request.parameters.get("binary_data_output") is True
    )
    if isinstance(request.outputs, UnsetType) or not request.outputs:
        return [(name, binary) for name in DEFAULT_OUTPUTS]
    for output in request.outputs:
        check_output(output.name)
    return list({output.name: _binary(output, binary) for output in request.outputs}.items())


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
