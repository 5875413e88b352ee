"""The JSON bodies of the REST API."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from trimtab.serve.refusal import Malformed

Body = TypeVar("Body")
Parameters = dict[str, bool | int | float | str]
Dimension = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class PredictRequest(Struct, forbid_unknown_fields=True):
    """Texts to classify."""

    texts: list[str]


class Prediction(Struct):
    """The class of one text and the model's confidence in it (0 to 1)."""

    label: str
    confidence: float


class PredictResponse(Struct):
    """One prediction for each text, in order, and the version of the model that made them."""

    predictions: list[Prediction]
    model: str


class InferInput(Struct):
    """The texts as a BYTES tensor, flat or nested row-major (`tensors.flat_texts` checks which).

    In the binary form `data` is left out and the bytes follow the JSON.
    """

    name: Literal["text"]
    datatype: Literal["BYTES"]
    shape: list[Dimension]
    data: list[Any] | UnsetType = UNSET
    parameters: Parameters | UnsetType = UNSET


class RequestedOutput(Struct):
    """An output that the client wants; `{"binary_data": true}` asks for its binary form."""

    name: str
    parameters: Parameters | UnsetType = UNSET


class InferRequest(Struct):
    """An inference request of the Open Inference Protocol v2."""

    inputs: Annotated[list[InferInput], Meta(min_length=1, max_length=1)]
    id: str | UnsetType = UNSET
    parameters: Parameters | UnsetType = UNSET
    outputs: list[RequestedOutput] | UnsetType = UNSET


class InferOutput(Struct):
    """An output tensor, flat and row-major; in the binary form its bytes follow the JSON."""

    name: str
    datatype: str
    shape: list[int]
    data: list[str | float] | UnsetType = UNSET
    parameters: dict[str, int] | UnsetType = UNSET


class InferResponse(Struct):
    """The answer to an inference request."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str | UnsetType = UNSET


class Failure(Struct):
    """Why there is no answer."""

    error: str


def decode(decoder: msgspec.json.Decoder[Body], body: bytes) -> Body:
    """The message in a JSON body.

    Raises:
        Malformed: not JSON, or JSON of another shape.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed("body", str(error), "see /openapi.json") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("body", str(error), "send JSON in UTF-8") from error
