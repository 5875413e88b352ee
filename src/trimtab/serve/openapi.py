"""The OpenAPI description: FastAPI's own paths, and the hot paths with the limits of this service."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from trimtab.serve.messages import Failure, InferRequest, InferResponse, PredictRequest, PredictResponse
from trimtab.serve.service import Service
from trimtab.serve.tensors import OUTPUTS

VISIBLE = r"[^\s\x1c-\x1f\x85]"
"""A character that `str.isspace` does not count as space; JSON Schema's own `\\s` knows fewer of them."""
_REF = "#/components/schemas/{name}"
_REASONS = {
    400: "Not JSON, not of this schema, or a torn tensor",
    401: "Token missing or wrong",
    404: "No such model or version",
    405: "Takes POST only",
    413: "Too many bytes",
    415: "Not application/json, or compressed",
    422: "Well-formed, but not texts the model can answer",
    429: "The queue is full; Retry-After says when to try again",
    500: "The model failed",
    503: "The server is shutting down",
}
FAILURE: dict[str, Any] = {
    "description": "No answer",
    "content": {"application/json": {"schema": {"$ref": _REF.format(name="Failure")}}},
}


def describe(app: FastAPI, service: Service) -> dict[str, Any]:
    """The OpenAPI 3.1 document, as plain JSON values."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["paths"] |= _hot_paths()
    _name_what_is_served(document, service)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas(service))
    if service.token is not None:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            if not path.startswith("/v2/health/"):
                for operation in operations.values():
                    operation["security"] = [{"bearer": []}]
    return document


def _name_what_is_served(document: dict[str, Any], service: Service) -> None:
    """The one model and its one version in every path, so that who reads the description can ask at once."""
    served = {"name": service.name, "version": service.version}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = {"enum": [served[parameter["name"]]]}


def _hot_paths() -> dict[str, Any]:
    infer = _operation("Inference, Open Inference Protocol v2", InferRequest, InferResponse)
    infer["responses"]["200"]["content"]["application/octet-stream"] = {"schema": {}}
    name, version = _parameter("name"), _parameter("version")
    return {
        "/predict": {"post": _operation("Classify texts", PredictRequest, PredictResponse)},
        "/v2/models/{name}/infer": {"post": infer | {"operationId": "infer", "parameters": [name]}},
        "/v2/models/{name}/versions/{version}/infer": {
            "post": infer | {"operationId": "infer_version", "parameters": [name, version]}
        },
    }


def _operation(summary: str, request: type, response: type) -> dict[str, Any]:
    refusals = {str(code): FAILURE | {"description": reason} for code, reason in _REASONS.items()}
    return {
        "summary": summary,
        "operationId": request.__name__,
        "requestBody": {"required": True, "content": _json(request)},
        "responses": {"200": {"description": "The answers", "content": _json(response)}, **refusals},
    }


def _json(body: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(name=body.__name__)}}}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _schemas(service: Service) -> dict[str, Any]:
    """The bodies' schemas, narrowed to what this service answers (`engine.check_texts`)."""
    bodies = [PredictRequest, PredictResponse, InferRequest, InferResponse, Failure]
    _, schemas = msgspec.json.schema_components(bodies, ref_template=_REF)
    texts = {
        "type": "array",
        "minItems": 1,
        "maxItems": service.engine.spec.max_texts,
        "items": {"type": "string", "minLength": 1, "pattern": VISIBLE},
        "examples": [["I lost my card"]],
    }
    schemas["PredictRequest"]["properties"]["texts"] = texts
    schemas["RequestedOutput"]["properties"]["name"] = {"enum": list(OUTPUTS)}
    tensor = schemas["InferInput"]
    tensor["properties"]["data"] = texts
    tensor["required"].append("data")
    tensor["anyOf"] = [_size(texts) for texts in range(1, service.engine.spec.max_texts + 1)]
    return schemas


def _size(texts: int) -> dict[str, Any]:
    """So many texts and their shapes: JSON Schema has no other way to tie the one to the other."""
    shapes = sorted({(texts,), (texts, 1), (1, texts)})
    return {
        "properties": {
            "shape": {"enum": [list(shape) for shape in shapes]},
            "data": {"minItems": texts, "maxItems": texts},
        }
    }
